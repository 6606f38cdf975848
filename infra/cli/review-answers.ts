import { hash } from 'node:crypto'
import { appendFile } from 'node:fs/promises'
import { createKnowledgeClient } from '../../pipeline/ingest/knowledge-client.ts'
import { createSender } from '../../pipeline/producer/input-sender.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import { chunkWithHeading } from '../../schemas/knowledge-events.ts'
import { DIMENSIONS } from '../../schemas/quality.ts'
import type { CommandContext } from '../app/command-context.ts'
import { withJetStream } from '../app/connect-to-running.ts'
import { onOneLine, printable } from '../app/terminal-output.ts'
import { whileConnected } from '../app/while-connected.ts'
import { type AnswerRow, answerRows, WHERE, WORST_FIRST } from '../reporting/answer-rows.ts'
import { createDatasetLines } from '../reporting/dataset-lines.ts'
import { withAnalyst } from './with-analyst.ts'

export interface ReviewAnswersOptions {
  readonly tenant: string
  readonly json?: true
  readonly below: number
  readonly limit: number
  /** Ids of the listed answers to accept. */
  readonly accept?: readonly string[]
  /** The right answer. Default: the customer's correction. */
  readonly as?: string
  readonly dataset?: string
  readonly learn?: true
}

const ID_CHARS = 10
/** Names an answer in the list. */
const idOf = ({ kind, actor, answer }: AnswerRow): string => hash('sha256', JSON.stringify([kind, actor, answer])).slice(0, ID_CHARS)

/**
 * Lists the answers of a tenant that are worth a look, worst first, or takes over those that a person accepts: into a dataset, and into the
 * knowledge.
 *
 * @throws ColloquyError `no_such_answer` where one to accept is not in the list; `bad_option`
 */
export async function reviewAnswers({ out, settings }: CommandContext, options: ReviewAnswersOptions): Promise<void> {
  const { settings: effective } = settings()
  const { tenant, below, limit, json, accept } = options
  if (accept !== undefined && options.dataset === undefined && options.learn === undefined) {
    throw new ColloquyError('bad_option', '--accept with --answers needs --dataset, --learn, or both: what is to become of the answer')
  }
  const rows: AnswerRow[] = []
  await withAnalyst(effective, undefined, out, async (clickhouse) => {
    for await (const row of answerRows(clickhouse, { tenant, where: WHERE.review(below), orderBy: WORST_FIRST, limit })) rows.push(row)
  })
  if (accept !== undefined) {
    return acceptAnswers(
      { out, settings },
      options,
      accept.map((id) => rows.find((row) => idOf(row) === id) ?? refuse(id)),
    )
  }
  for (const row of rows) {
    if (json) out.json(shownOf(row))
    else for (const line of linesOf(row)) out.line(line)
  }
  if (rows.length === 0) out.note(`no answers to review for the tenant ${tenant}`)
}

const refuse = (id: string): never => {
  throw new ColloquyError('no_such_answer', `there is no answer ${id} to review; list them again, with the same --below and --limit`)
}

function shownOf(row: AnswerRow) {
  const { kind, actor, answer, answered_at: at, query, response, source_names: sources, quality, evaluator, reasons } = row
  const scores = Object.fromEntries(DIMENSIONS.map((dimension) => [dimension, row[dimension]]))
  const { rating, thumbs, comment, correction } = row
  const said = { rating, thumbs, comment, correction }
  return { id: idOf(row), kind, actor, answer, at, query, response, sources, quality, evaluator, scores, reasons, ...said }
}

function linesOf(row: AnswerRow): string[] {
  const { kind, actor, query, response, source_names: sources, quality, evaluator, reasons, rating, thumbs, comment, correction } = row
  const shown = (name: string, text: string): string[] => (text === '' ? [] : [`    ${name.padEnd(12)}${onOneLine(printable(text))}`])
  const scores = DIMENSIONS.map((dimension) => `${dimension} ${row[dimension]?.toFixed(2) ?? '–'}`).join(', ')
  const said = [thumbs === '' ? '' : `thumbs ${thumbs}`, rating === null ? '' : `rating ${rating}`, comment].filter((one) => one !== '')
  return [
    `${idOf(row)}  ${printable(`${kind}/${actor}`)}  ${quality === null ? 'not evaluated' : `quality ${quality.toFixed(2)}`}`,
    ...shown('question', query),
    ...shown('answer', response),
    ...shown('sources', sources.join(', ')),
    ...shown('scores', quality === null ? '' : `${scores} (${evaluator ?? ''})`),
    ...shown('reasons', reasons.join(', ')),
    ...shown('said', said.join(', ')),
    ...shown('correction', correction),
  ]
}

async function acceptAnswers(
  { out, settings }: CommandContext,
  { tenant, dataset, learn, as }: ReviewAnswersOptions,
  rows: readonly AnswerRow[],
): Promise<void> {
  const corrected = rows.map((row) => ({ row, right: as ?? row.correction }))
  const bare = corrected.find(({ right }) => right === '')
  if (learn && bare !== undefined) {
    throw new ColloquyError('bad_option', `nobody has corrected the answer ${idOf(bare.row)}; say with --as what it should have been`)
  }
  await withJetStream(settings().settings, async (jetstream) => {
    if (dataset !== undefined) {
      const lineOf = createDatasetLines(jetstream)
      for (const { row, right } of corrected) {
        const line = await lineOf(row)
        // The right answer is an example, too.
        const lines = [{ ...line, label: 0 }, ...(right === '' ? [] : [{ ...line, response: right, label: 1 }])]
        await appendFile(dataset, lines.map((one) => `${JSON.stringify(one)}\n`).join(''))
      }
      out.note(`${dataset}: ${corrected.length} added`)
    }
    if (!learn) return
    const again = { again: 'run the command again, which sends only what is missing', onAway: out.note }
    await whileConnected(jetstream.nc, again, async (signal) => {
      const sender = createSender(jetstream.nc, { onWait: out.note, signal })
      try {
        const knowledge = await createKnowledgeClient({ nc: jetstream.nc, sender, tenant })
        for (const { row, right } of corrected) {
          const source = `reviewed-${idOf(row)}`
          const { outcome } = await knowledge.upload({ source, chunks: [chunkWithHeading(onOneLine(row.query), right)] })
          out.line(`${source}: ${outcome}`)
        }
      } finally {
        await sender.close()
      }
    })
  })
}
