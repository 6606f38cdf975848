import { Command } from 'commander'
import { teachIntents } from '../../../pipeline/ingest/intents/intents-client.ts'
import { readExamples, readTaughtSet } from '../../../pipeline/understanding/taught/taught-set.ts'
import type { CommandContext } from '../../app/command-context.ts'
import { wholeNumber } from '../../app/number-arguments.ts'
import { revise, type SetOptions, TAUGHT_JSON, withSet } from './set-option.ts'

interface Options extends SetOptions {
  readonly to: number
}

export const restoreCommand = (cli: CommandContext): Command =>
  withSet(new Command('restore'), TAUGHT_JSON)
    .description('give a set the examples that it had at an earlier version, as a new version')
    .requiredOption('--to <version>', 'the earlier version', wholeNumber(1))
    .action(async (options: Options) => {
      await revise(cli, options, async ({ deps, options: revising }) => {
        const earlier = await readTaughtSet(deps.jetstream, options, { version: options.to })
        const examples = await readExamples(deps.jetstream, earlier)
        const wanted = new Map([...examples].map(([intent, texts]) => [intent, new Set(texts)]))
        return teachIntents(deps, options, wanted, { ...revising, forgetsOthers: true })
      })
    })
