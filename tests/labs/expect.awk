# awk -f expect.awk EXPECTED LOG: every line of the first file is found in the second, in this order, perhaps with more
# before and behind it; spaces count as one, or as none at the ends. Complains of the first that is not.
{ $1 = $1 }
NR == FNR { if ($0 != "") line[++lines] = $0; next }
found < lines && index($0, line[found + 1]) { found++ }
END {
  if (lines == 0) print "no lines are expected"
  else if (found < lines) print "not printed, or too early: " line[found + 1]
  exit lines == 0 || found < lines
}
