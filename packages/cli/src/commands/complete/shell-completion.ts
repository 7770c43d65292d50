import { readdirSync } from 'node:fs'
import { script } from '@bomb.sh/tab'
import tab from '@bomb.sh/tab/commander'
import { Command } from 'commander'
import { profileFolder } from '../../environment/index.ts'
import { UsageError } from '../../exit.ts'
import { print } from '../../terminal/index.ts'

/** `cloakwright complete`: prints a shell's script, or completions for the words that the script passes after `--`. */
export function complete(shell: string, program: Command): void {
  const words = process.argv.indexOf('--')
  if (words >= 0) suggest(program, process.argv.slice(words + 1))
  else if (shell === 'bash') print(bash)
  else if (['zsh', 'fish'].includes(shell)) script(shell, program.name(), program.name())
  else throw new UsageError(`No completion script for ${shell}`, 'Give one of: bash, zsh, fish')
}

function suggest(program: Command, words: string[]): void {
  // The library adds a command `complete` of its own, which the program has already.
  const completed = new Command(program.name())
  for (const command of program.commands) if (command.name() !== 'complete') completed.addCommand(command)
  const root = tab(completed)
  for (const { options } of root.commands.values()) {
    const profile = options.get('profile')
    if (profile !== undefined) profile.handler = (add) => profileNames().forEach((name) => add(name, ''))
  }
  root.parse(words)
}

function profileNames(): string[] {
  try {
    return readdirSync(profileFolder()).flatMap((file) => /^(.+)\.json$/.exec(file)?.[1] ?? [])
  } catch {
    return []
  }
}

/**
 * Replaces the library's script for bash, which needs the package bash-completion, evaluates typed text such as `$(…)`,
 * and completes no file names.
 */
const bash = `# bash completion for cloakwright: source <(cloakwright complete bash)
_cloakwright() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :*) ;;
      *) [[ \${line%%$'\\t'*} == "$2"* ]] && COMPREPLY+=("\${line%%$'\\t'*}") ;;
    esac
  done < <("$1" complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o bashdefault -o default -F _cloakwright cloakwright`
