# Completion of oint for fish; printed by `oint completion fish`.
function __oint_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l lines ($words[1] __complete fish $words[2..-1] "$current" 2>/dev/null)
    for line in $lines[2..-1]
        echo $line
    end
    if string match -q '*files*' -- $lines[1]
        set -l before (string match -r '^(?:--[^=]*=)?@?' -- "$current")
        for path in (__fish_complete_path (string sub -s (math (string length -- "$before") + 1) -- "$current"))
            echo $before$path
        end
    end
end
complete -c oint -e
complete -c oint -f -k -a '(__oint_complete)'
