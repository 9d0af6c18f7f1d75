# Completion of oint for PowerShell; printed by `oint completion powershell`.
Register-ArgumentCompleter -Native -CommandName oint -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $program = "$($commandAst.CommandElements[0].Value)"
    $words = @($commandAst.CommandElements | Select-Object -Skip 1 |
        Where-Object { $_.Extent.EndOffset -lt $cursorPosition } |
        ForEach-Object { if ($null -ne $_.Value) { "$($_.Value)" } else { $_.Extent.Text } })
    # The mark keeps an empty word from getting lost.
    & $program __complete powershell @words "=$wordToComplete" 2>$null | Select-Object -Skip 1 | ForEach-Object {
        $value, $meaning = $_ -split "`t", 2
        if (-not $meaning) { $meaning = $value }
        [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $meaning)
    }
}
