import { Command } from 'commander'
import { type CommandContext, JSON_FLAG, type JsonOption } from '../app/command-context.ts'

export const configCommand = ({ out, settings }: CommandContext): Command =>
  new Command().option(JSON_FLAG, 'one JSON object, keyed by setting').action((options: JsonOption) => {
    const { effective } = settings()
    if (options.json) out.json(Object.fromEntries(effective.map(({ name, ...setting }) => [name, setting])))
    else
      out.table(
        ['setting', 'value', 'from', 'what'],
        effective.map(({ name, value, source, about }) => [name, value ?? '', source, about]),
      )
  })
