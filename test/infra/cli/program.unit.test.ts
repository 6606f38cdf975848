import type { Command } from 'commander'
import { expect, test } from 'vitest'
import { createOutput } from '../../../infra/app/terminal-output.ts'
import { COMMAND_NAMES, createProgram } from '../../../infra/cli/program.ts'
import { SETTING_NAMES } from '../../../infra/settings.ts'

const program = await createProgram({}, createOutput(process.stdout, process.stderr), COMMAND_NAMES)
const leaves = (command: Command): Command[] => (command.commands.length === 0 ? [command] : command.commands.flatMap(leaves))

test('the commands of the contract are there', () => {
  expect(program.commands.map((command) => command.name())).toEqual(
    expect.arrayContaining([
      'up',
      'publish',
      'import',
      'tail',
      'show',
      'status',
      'sql',
      'config',
      'nats-config',
      'asyncapi',
      'openapi',
      'kinds',
      'dead',
      'questions',
      'report',
      'verify',
      'rebuild',
      'check',
      'backup',
      'restore',
      'search',
      'learn',
      'forget',
    ]),
  )
  const dead = program.commands.find((command) => command.name() === 'dead')
  expect(dead?.commands.map((command) => command.name())).toEqual(['ls', 'show', 'redrive', 'drop'])
})

test('every command has a description and --json', () => {
  for (const command of leaves(program)) {
    expect(command.description(), command.name()).not.toBe('')
    expect(
      command.options.map(({ long }) => long),
      command.name(),
    ).toContain('--json')
  }
})

test('every setting is a flag, in a separate group', () => {
  const help = program.helpInformation()

  expect(help).toContain('Settings (each is also a variable COLLOQUY_…')
  for (const name of SETTING_NAMES) expect(help).toContain(`--${name.toLowerCase().replaceAll('_', '-')} <value>`)
})
