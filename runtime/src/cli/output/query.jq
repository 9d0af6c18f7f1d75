# What jq has and jaq has not.
def cells(quoted): [
  .[] | if isstring then quoted elif . == null then "" elif . >= [] then error("\(.) cannot stand in a cell") else tostring end
];
def @csv: cells("\"\(gsub("\""; "\"\""))\"") | join(",");
def @tsv: cells(gsub("\\\\"; "\\\\") | gsub("\t"; "\\t") | gsub("\n"; "\\n") | gsub("\r"; "\\r")) | join("\t");
def toarray: if isarray then . else [.] end;
# Its message is the command's.
def halt_error($exit_code): error;
def halt_error: error;
