# What the programs' Makefiles have in common: the compilers for PLATFORM, the program's folder, and our library beside it
# under the name that it is loaded by.
programs := tests/suites/programs
out := build/programs/$(program)/$(PLATFORM)

ifeq ($(PLATFORM),linux-x86_64)
tool :=
exe :=
# negossp.h in place of Windows' headers, and the library linked.
shims := -I$(programs)/win32 -Iinclude
linked := -Wl,--no-as-needed dist/$(PLATFORM)/libnegossp.so -Wl,-rpath,'$$ORIGIN'
library := dist/$(PLATFORM)/libnegossp.so
beside := $(out)/libnegossp.so.1
else
tool := $(patsubst windows-%,%,$(PLATFORM))-w64-mingw32-
exe := .exe
library := dist/$(PLATFORM)/secur32.dll
beside := $(out)/secur32.dll
endif

all: $(beside)
$(beside): $(library) | $(out)
	cp $< $@
$(out):
	mkdir -p $@

.PHONY: all
.DELETE_ON_ERROR:
.SECONDARY:
