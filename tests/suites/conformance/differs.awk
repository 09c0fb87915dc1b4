#!/usr/bin/awk -f
# differs.awk -v bits=64 -v report=FILE wine-differs.txt RESULTS: compares the reference's results with the list of its
# differences. Prints how many promises it keeps or breaks as listed, how many are wrong, and how many were not reached.
#
# A line of the list: NAME... | WHAT WINE DOES | WHY. Each name is a promise's; one may end in `*`, for all that differ in one
# and the same way, and one may begin with `64:` or `32:`. What Wine does is a status, `crashes`, `no-export`, or other text
# that must be found in the failure.
function trim(text) {
    gsub(/^[ \t]+|[ \t]+$/, "", text)
    return text
}
function matches(pattern, name) {
    if (pattern ~ /\*$/) return index(name, substr(pattern, 1, length(pattern) - 1)) == 1
    return pattern == name
}
FILENAME == ARGV[1] {
    if ($0 ~ /^#/ || trim($0) == "") next
    split($0, field, "|")
    if (trim(field[2]) == "" || trim(field[3]) == "") {
        print "FAIL reference: not said what Wine does, or why: " $0 > report
        broken++
    }
    names = split(trim(field[1]), name_of, /[ \t]+/)
    for (i = 1; i <= names; i++) {
        name = name_of[i]
        if (name ~ /^(64|32):/) {
            if (substr(name, 1, 2) != bits) continue
            name = substr(name, 4)
        }
        listed++
        pattern[listed] = name
        does[listed] = trim(field[2])
    }
    next
}
/^ok / { kept++ }
/^SKIP / { unreached++ }
/^FAIL / {
    name = $2
    sub(/:$/, "", name)
    found = 0
    for (i = 1; i <= listed && !found; i++) {
        if (!matches(pattern[i], name)) continue
        found = 1
        seen[i]++
        if (index($0, does[i])) {
            kept++
        } else {
            print "FAIL reference: " does[i] " is listed: " $0 > report
            broken++
        }
    }
    if (!found) {
        print "FAIL reference: not listed: " $0 > report
        broken++
    }
}
END {
    for (i = 1; i <= listed; i++) {
        if (seen[i] || only != "") continue
        print "FAIL reference: listed, and does not differ: " pattern[i] > report
        broken++
    }
    printf "" > report
    print kept + 0, broken + 0, unreached + 0
}
