//! The claims structures of `<authz.h>`, for SECPKG_ATTR_SUBJECT_SECURITY_ATTRIBUTES.

use super::base::*;

/// A claim's values.
#[repr(C)]
#[derive(Clone, Copy)]
pub union AUTHZ_SECURITY_ATTRIBUTE_VALUES {
    /// INT64
    pub pInt64: *mut i64,
    /// UINT64, and BOOLEAN: 0 or 1.
    pub pUint64: *mut u64,
    /// STRING
    pub ppString: *mut *mut SEC_WCHAR,
}

/// A claim: one or more values of one type under one name.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct AUTHZ_SECURITY_ATTRIBUTE_V1 {
    /// The claim's name.
    pub pName: *mut SEC_WCHAR,
    /// `AUTHZ_SECURITY_ATTRIBUTE_TYPE_*`: 1 INT64, 2 UINT64, 3 STRING, 6 BOOLEAN.
    pub ValueType: USHORT,
    /// 0.
    pub Reserved: USHORT,
    /// 0.
    pub Flags: ULONG,
    /// Values at `Values`.
    pub ValueCount: ULONG,
    /// Arrays, by their type.
    pub Values: AUTHZ_SECURITY_ATTRIBUTE_VALUES,
}

/// Claims in the form of their version.
#[repr(C)]
#[derive(Clone, Copy)]
pub union AUTHZ_SECURITY_ATTRIBUTES {
    /// Version 1.
    pub pAttributeV1: *mut AUTHZ_SECURITY_ATTRIBUTE_V1,
}

/// Claims.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct AUTHZ_SECURITY_ATTRIBUTES_INFORMATION {
    /// AUTHZ_SECURITY_ATTRIBUTES_INFORMATION_VERSION, 1.
    pub Version: USHORT,
    /// 0.
    pub Reserved: USHORT,
    /// Claims at `Attribute`.
    pub AttributeCount: ULONG,
    /// An array of them.
    pub Attribute: AUTHZ_SECURITY_ATTRIBUTES,
}
