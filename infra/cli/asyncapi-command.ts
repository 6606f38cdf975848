import { Command } from 'commander'
import { asyncApiDocument } from '../../schemas/asyncapi.ts'
import { type CommandContext, JSON_FLAG } from '../app/command-context.ts'

export const asyncApiCommand = ({ out, settings }: CommandContext): Command =>
  new Command('asyncapi')
    .description('print the contract for producers as an AsyncAPI 3 document in JSON, with the events of the kinds in CONFIG')
    .option(JSON_FLAG, 'accepted for uniformity: the output is always JSON')
    .action(async () => {
      const { loadKinds } = await import('../app/load-kinds.ts')
      const kinds = await loadKinds(settings().settings)
      out.line(JSON.stringify(asyncApiDocument([...kinds.values()]), undefined, 2))
    })
