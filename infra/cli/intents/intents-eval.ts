import Table from 'cli-table3'
import { Command } from 'commander'
import { readExampleFile } from '../../../pipeline/ingest/intents/example-file.ts'
import { type IntentMetrics, intentMetrics, type Judged } from '../../../pipeline/understanding/intents/intent-metrics.ts'
import { openTrainedSet } from '../../../pipeline/understanding/training/open-trained-set.ts'
import { counted } from '../../../schemas/counted.ts'
import { ColloquyError } from '../../../schemas/errors.ts'
import type { CommandContext } from '../../app/command-context.ts'
import { withJetStream } from '../../app/connect-to-running.ts'
import { type Output, printable } from '../../app/terminal-output.ts'
import { type SetOptions, withSet } from './set-option.ts'

const INTENTS_SHOWN_MAX = 10
const PAIRS_SHOWN_MAX = 15

export const evalCommand = ({ out, settings }: CommandContext): Command =>
  withSet(
    new Command('eval'),
    'one JSON object: {version, bad, inScope, outside, accuracy, wholeSet, microF1, macroF1, perIntent, confusion, scopeCurve, …}',
  )
    .description('measure how well the trained set understands labelled messages that it was not taught')
    .argument('<file>', 'a file as for "teach"')
    .action(async (path: string, options: SetOptions) => {
      const { examples, bad } = await readExampleFile(path)
      if (examples.length === 0) throw new ColloquyError('bad_file', `${path} has no labelled message`)
      await withJetStream(settings().settings, async (jetstream) => {
        const { taught, classify } = await openTrainedSet(jetstream, options)
        const judged: Judged[] = []
        for (const example of examples) judged.push({ example, found: await classify(example.text) })
        const metrics = intentMetrics(judged)
        if (options.json) return out.json({ version: taught.version, bad: bad.length, ...metrics })
        out.line(`set "${taught.set}" of ${taught.tenant}, version ${taught.version}, on ${counted(examples.length, 'message')} of ${path}`)
        print(out, metrics)
        if (bad.length > 0) out.note(`${counted(bad.length, 'line')} left out: no labelled message`)
        return undefined
      })
    })

function print(out: Output, metrics: IntentMetrics): void {
  const shown = (value: number): string => value.toFixed(3)
  const line = (name: string, value: string): void => out.line(`${name.padEnd(22)}${value}`)
  line('accuracy', `${shown(metrics.accuracy)}, ${shown(metrics.servedAccuracy)} as served: what is refused is not right`)
  line('whole set right', shown(metrics.wholeSet))
  line('micro-F1, macro-F1', `${shown(metrics.microF1)}, ${shown(metrics.macroF1)}`)
  line('refused in scope', shown(metrics.refusedInScope))
  if (metrics.refusedOutside !== null) line('refused out of scope', `${shown(metrics.refusedOutside)} of ${metrics.outside}`)
  for (const { falseShare, recall } of metrics.scopeCurve) line(`  at ${falseShare * 100} % false`, shown(recall))
  const table = (head: string[], rows: string[][]): void => {
    const made = new Table({ head, style: { head: [], border: [] } })
    made.push(...rows)
    out.line(made.toString())
  }
  const worst = metrics.perIntent.slice(0, INTENTS_SHOWN_MAX)
  table(
    ['weakest intents', 'messages', 'precision', 'recall', 'F1'],
    worst.map((one) => [printable(one.name), String(one.messages), shown(one.precision), shown(one.recall), shown(one.f1)]),
  )
  if (metrics.confusion.length === 0) return
  table(
    ['wanted', 'taken for', 'messages'],
    metrics.confusion.slice(0, PAIRS_SHOWN_MAX).map(({ wanted, given, count }) => [printable(wanted), printable(given), String(count)]),
  )
}
