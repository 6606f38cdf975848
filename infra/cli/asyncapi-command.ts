import { Command } from 'commander'
import { asyncApiDocument } from '../../schemas/asyncapi.ts'
import { JSON_FLAG, type CommandContext } from '../app/command-context.ts'

export const asyncApiCommand = ({ out, settings }: CommandContext): Command =>
  new Command('asyncapi')
    .description('print the contract with producers as an AsyncAPI 3 document in JSON, with the events of the kinds of CONFIG')
    .option(JSON_FLAG, 'it is JSON in any case')
    .action(async () => {
      const { loadKinds } = await import('../app/load-kinds.ts')
      const kinds = await loadKinds(settings().settings)
      out.line(JSON.stringify(asyncApiDocument([...kinds.values()]), undefined, 2))
    })
