import { Command } from 'commander'
import { groupByMeaning, GROUPED_TEXTS_MAX } from '../../../pipeline/understanding/meaning-groups.ts'
import { readTaughtSet } from '../../../pipeline/understanding/taught/taught-set.ts'
import { openTrainedSet } from '../../../pipeline/understanding/training/open-trained-set.ts'
import { counted } from '../../../schemas/counted.ts'
import type { CommandContext } from '../../app/command-context.ts'
import { withJetStream } from '../../app/connect-to-running.ts'
import { wholeNumber } from '../../app/number-arguments.ts'
import { onOneLine, printable } from '../../app/terminal-output.ts'
import { recordedTexts } from '../../reporting/recorded-messages.ts'
import { withAnalyst } from '../with-analyst.ts'
import { nameFor } from './group-names.ts'
import { type SetOptions, withSet } from './set-option.ts'

interface Options extends SetOptions {
  readonly min: number
  readonly limit: number
}

const EXAMPLES_SHOWN_MAX = 5

export const proposeCommand = ({ out, settings }: CommandContext): Command =>
  withSet(new Command('propose'), 'one JSON object per proposal: {name, messages, texts}')
    .description('suggest intents: groups of recorded messages that the set does not recognise')
    .option('--min <n>', 'leave out groups of fewer different texts', wholeNumber(2), 3)
    .option('--limit <n>', `newest different texts to look at, at most ${GROUPED_TEXTS_MAX}`, wholeNumber(1), GROUPED_TEXTS_MAX)
    .addHelpText('after', '\nThe texts of a proposal are a file for "teach" once you have given it a name: use --json.')
    .action(async (options: Options) => {
      const { settings: effective } = settings()
      const limit = Math.min(options.limit, GROUPED_TEXTS_MAX)
      const texts = await withAnalyst(effective, undefined, out, (clickhouse) => recordedTexts(clickhouse, options.tenant, limit))
      const unknown = await withJetStream(effective, async (jetstream) => {
        if ((await readTaughtSet(jetstream, options)).intents.length === 0) return texts
        const { classify } = await openTrainedSet(jetstream, options)
        const left: typeof texts = []
        for (const one of texts) if ((await classify(one.text)).outOfScope) left.push(one)
        return left
      })
      const groups = groupByMeaning(unknown.map(({ text }) => text)).map((group) => group.flatMap((index) => unknown[index] ?? []))
      const proposals = groups
        .filter((group) => group.length >= options.min)
        .map((group) => ({
          name: nameFor(group.map(({ text }) => text)),
          messages: group.reduce((sum, { count }) => sum + count, 0),
          texts: group.map(({ text }) => text),
        }))
        .sort((one, other) => other.messages - one.messages)
      for (const proposal of proposals) {
        if (options.json) out.json(proposal)
        else {
          out.line(`${printable(proposal.name)}  ${counted(proposal.messages, 'message')}, ${counted(proposal.texts.length, 'text')}`)
          for (const text of proposal.texts.slice(0, EXAMPLES_SHOWN_MAX)) out.line(`    ${onOneLine(printable(text))}`)
        }
      }
      if (proposals.length === 0) {
        out.note(
          `nothing to propose: ${counted(unknown.length, 'text')} of ${texts.length} not recognised, no ${options.min} of them alike`,
        )
      }
    })
