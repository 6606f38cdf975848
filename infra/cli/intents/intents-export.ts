import { Command } from 'commander'
import { readExamples, readTaughtSet } from '../../../pipeline/understanding/taught/taught-set.ts'
import { labelledTexts } from '../../../pipeline/understanding/training/labelled-texts.ts'
import type { CommandContext } from '../../app/command-context.ts'
import { withJetStream } from '../../app/connect-to-running.ts'
import { wholeNumber } from '../../app/number-arguments.ts'
import { type SetOptions, withSet } from './set-option.ts'

interface Options extends SetOptions {
  readonly at?: number
}

export const exportCommand = ({ out, settings }: CommandContext): Command =>
  withSet(new Command('export'), 'as without it: one JSON object per line')
    .description('print the examples of a set as JSON lines {"text", "intents"}, which "teach" reads')
    .option('--at <version>', 'as of this version (default: the newest)', wholeNumber(1))
    .action(async (options: Options) => {
      await withJetStream(settings().settings, async (jetstream) => {
        const set = await readTaughtSet(jetstream, options, { version: options.at })
        for (const example of labelledTexts(await readExamples(jetstream, set))) out.json(example)
      })
    })
