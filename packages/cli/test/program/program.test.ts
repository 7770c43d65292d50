import type { Command } from 'commander'
import { describe, expect, test } from 'vitest'
import { createProgram } from '../../src/program/program.ts'

function commandsOf(command: Command, path = command.name()): { path: string; command: Command }[] {
  return [
    { path, command },
    ...command.commands.flatMap((each) => commandsOf(each, `${path} ${each.name()}`)),
  ]
}

function helpOf(command: Command): string {
  let text = ''
  command.configureOutput({ writeOut: (part) => (text += part) })
  command.outputHelp()
  return text
}

const commands = commandsOf(createProgram())
const toolkit = commands.filter(({ path }) =>
  /^cloakwright (?:users|roles|groups|sessions|secret|audit|events)\b/.test(path),
)

test.each(commands)('$path has a description, also of its arguments and options', ({ command }) => {
  expect(command.description()).toMatch(/\w.*\.$/)
  for (const argument of command.registeredArguments) expect(argument.description).not.toBe('')
  for (const option of command.options) expect(option.description).not.toBe('')
})

describe('the commands of the admin toolkit', () => {
  test('exist', () => {
    expect(toolkit.length).toBeGreaterThan(35)
  })

  test.each(toolkit)('$path has valid examples', ({ path, command }) => {
    const examples = [...helpOf(command).matchAll(/^ {2}\$ .*?(cloakwright .*)$/gm)].map(
      ([, line = '']) => line,
    )
    expect(examples.length).toBeGreaterThan(0)
    expect(examples.some((line) => line.startsWith(path))).toBe(true)
    for (const line of examples) {
      const named = commands.some(
        (each) => each.command.commands.length === 0 && `${line} `.startsWith(`${each.path} `),
      )
      expect(named ? '' : line).toBe('')
      const options = [...(line.split(/ [|>] /)[0] ?? '').matchAll(/ (--[a-z-]+)/g)].map(
        ([, option]) => option,
      )
      const known = commands
        .filter((each) => `${line} `.startsWith(`${each.path} `))
        .flatMap((each) => each.command.options.map(({ long }) => long))
      for (const option of options) expect(known).toContain(option)
    }
  })

  test.each(toolkit.filter(({ command }) => command.options.some(({ long }) => long === '--dry-run')))(
    '$path accepts --audit and --reason as well as --dry-run',
    ({ command }) => {
      const options = command.options.map(({ long }) => long)
      expect(options).toEqual(
        expect.arrayContaining(['--audit', '--reason', '--json', '--server', '--profile']),
      )
    },
  )
})
