import { createWriteStream } from 'node:fs'
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Command } from 'commander'
import { counted } from '../../schemas/counted.ts'
import { type CommandContext, JSON_FLAG, type JsonOption } from '../app/command-context.ts'
import { withJetStream } from '../app/connect-to-running.ts'
import { wholeNumber } from '../app/number-arguments.ts'
import { ANSWER_COLUMNS, answerRows, type AnswersWanted } from '../reporting/answer-rows.ts'
import { createDatasetLines } from '../reporting/dataset-lines.ts'
import { UTC } from '../reporting/questions/ask-question.ts'
import { tokenArgument } from './arguments.ts'
import { timeArgument, type TimeInZone } from './period-flags.ts'
import { withAnalyst } from './with-analyst.ts'

interface Options extends JsonOption {
  readonly where?: string
  readonly tenant?: string
  readonly from?: TimeInZone
  readonly to?: TimeInZone
  readonly limit: number
  readonly out?: string
}

const LIMIT_DEFAULT = 10_000

const COLUMNS = Object.entries(ANSWER_COLUMNS).map(([name, meaning]) => `  ${name.padEnd(14)}${meaning}`)

export const datasetCommand = (cli: CommandContext): Command => new Command().addCommand(fromLogCommand(cli).name('from-log'))

const fromLogCommand = ({ out, settings }: CommandContext): Command =>
  new Command()
    .description('write recorded answers as JSON lines, in the order of the log')
    .option(
      '--where <condition>',
      'condition over the columns below, in ClickHouse SQL, with the rights of the user "analyst" (default: all)',
    )
    .option('--tenant <tenant>', 'only answers of this tenant (default: all)', tokenArgument)
    .option('--from <time>', 'given from: 2026-11-01 or 2026-11-01T08:00:00Z; UTC without a zone', timeArgument)
    .option('--to <time>', 'given before', timeArgument)
    .option('--limit <count>', 'max lines', wholeNumber(1), LIMIT_DEFAULT)
    .option('--out <file>', 'write to this file, which must not exist (default: stdout)')
    .option(JSON_FLAG, 'with --out: one JSON object, {answers, file}; the lines are JSON either way')
    .addHelpText(
      'after',
      `
Each line: {query, response, context: [text], lang?, label?, tenant, kind, actor, answer, quality, evaluator, scores, reasons, rating,
thumbs?, correction?}. label is 1 after thumbs up, 0 after thumbs down or a correction.

Columns:
${COLUMNS.join('\n')}

Examples:
  colloquy dataset from-log --where "quality < 0.7 AND lang = 'zh'" --tenant acme --out bad-answers.jsonl
  colloquy dataset from-log --where "correction != '' OR thumbs = 'down'" --from 2026-11-01`,
    )
    .action(async ({ where, tenant, from, to, limit, out: file, json }: Options) => {
      const { settings: effective } = settings()
      const wanted: AnswersWanted = { where, tenant, from: from?.(UTC), to: to?.(UTC), limit }
      let count = 0
      await withAnalyst(effective, undefined, out, (clickhouse) =>
        withJetStream(effective, async (jetstream) => {
          const lineOf = createDatasetLines(jetstream)
          const lines = async function* (): AsyncGenerator<string> {
            for await (const row of answerRows(clickhouse, wanted)) {
              yield `${JSON.stringify(await lineOf(row))}\n`
              count += 1
            }
          }
          const target: Writable = file === undefined ? out.stdout : createWriteStream(file, { flags: 'wx' })
          await pipeline(lines, target, { end: file !== undefined })
        }),
      )
      if (json && file !== undefined) return out.json({ answers: count, file })
      out.note(`${counted(count, 'answer')}${count === limit ? `, and there may be more: --limit is ${limit}` : ''}`)
      return undefined
    })
