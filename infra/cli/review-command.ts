import { Command, InvalidArgumentError } from 'commander'
import { teachIntents } from '../../pipeline/ingest/intents/intents-client.ts'
import { readTenantSettings } from '../../pipeline/tenants/tenant-settings-reader.ts'
import { groupByMeaning, GROUPED_TEXTS_MAX } from '../../pipeline/understanding/meaning-groups.ts'
import { type Examples, readExamples, readTaughtSet } from '../../pipeline/understanding/taught/taught-set.ts'
import { counted } from '../../schemas/counted.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import type { CommandContext } from '../app/command-context.ts'
import { withJetStream } from '../app/connect-to-running.ts'
import { wholeNumber } from '../app/number-arguments.ts'
import { onOneLine, printable } from '../app/terminal-output.ts'
import { GOOD_FROM } from '../reporting/answer-rows.ts'
import { messagesToReview, type MessageToReview } from '../reporting/recorded-messages.ts'
import { idFor } from './intents/group-names.ts'
import { revise, type SetOptions, withSet } from './intents/set-option.ts'
import { reviewAnswers } from './review-answers.ts'
import { withAnalyst } from './with-analyst.ts'

interface Options extends SetOptions {
  readonly intents?: true
  readonly answers?: true
  readonly accept?: readonly string[]
  readonly as?: string
  readonly below: number
  readonly limit: number
  readonly dataset?: string
  readonly learn?: true
}

/** Messages that people may want to teach: alike, and with the same correction. */
interface ReviewGroup {
  readonly id: string
  /** What people said that they wanted; `null` where nobody has. */
  readonly corrected: string | null
  /** What was found in most of them. */
  readonly found: string | null
  readonly messages: number
  readonly texts: readonly string[]
}

const EXAMPLES_SHOWN_MAX = 5
const LIMIT_DEFAULT = 50

export const reviewCommand = (cli: CommandContext): Command =>
  withSet(
    new Command(),
    'one JSON object per group: {id, corrected, found, messages, texts}, with --accept as "intents teach"; or one per answer: '
      + '{id, kind, actor, answer, at, query, response, sources, quality, evaluator, scores, reasons, rating, thumbs, comment, correction}',
  )
    .option('--intents', 'messages whose intent was unsure (UNSURE_BELOW of the tenant) or corrected (intent.corrected)')
    .option('--answers', 'answers with a low score, thumbs down, or a correction (feedback.given), worst first')
    .option('--accept <id...>', 'with --intents: teach the texts of this group; with --answers: take over these answers')
    .option('--as <text>', 'with --accept: the intent to teach, or the right answer (default: the correction)')
    .option('--below <score>', 'with --answers: scores that are low', shareArgument, GOOD_FROM)
    .option('--limit <count>', 'with --answers: max answers', wholeNumber(1), LIMIT_DEFAULT)
    .option('--dataset <file>', 'with --answers --accept: add to this file of JSON lines, as "dataset from-log" writes')
    .option('--learn', 'with --answers --accept: add question and right answer to the knowledge')
    .addHelpText(
      'after',
      `
A correction is an input of the conversation: its person's judgement, which the machine never sees.
  colloquy publish acme/support/c1 intent.corrected '{"message": "<id>", "intent": "returns"}'

Examples:
  colloquy review --intents --tenant acme
  colloquy review --intents --tenant acme --accept 3f2a9c01 --as returns
  colloquy review --answers --tenant acme
  colloquy review --answers --tenant acme --accept 0b77e1c2f9 --as "14 天内可以退货。" --dataset reviewed.jsonl --learn`,
    )
    .action(async (options: Options) => {
      const { out, settings } = cli
      if (options.intents === options.answers) throw new ColloquyError('bad_option', 'say what to review: --intents or --answers')
      if (options.answers) return reviewAnswers(cli, options)
      const { settings: effective } = settings()
      const { unsureBelow, taught } = await withJetStream(effective, async (jetstream) => ({
        unsureBelow: (await readTenantSettings(jetstream, options.tenant)).settings.UNSURE_BELOW,
        taught: await readExamples(jetstream, await readTaughtSet(jetstream, options)),
      }))
      const found = await withAnalyst(effective, undefined, out, (clickhouse) =>
        messagesToReview(clickhouse, { tenant: options.tenant, unsureBelow, limit: GROUPED_TEXTS_MAX }),
      )
      const groups = groupsOf(notTaught(found, taught))
      if (options.accept !== undefined) {
        const [group, ...more] = options.accept
        if (more.length > 0 || group === undefined) throw new ColloquyError('bad_option', '--accept takes one group with --intents')
        return accept(cli, options, group, groups)
      }
      for (const group of groups) {
        if (options.json) out.json(group)
        else {
          const what = group.corrected === null ? `unsure, taken for ${group.found ?? 'nothing'}` : `corrected to ${group.corrected}`
          out.line(`${group.id}  ${counted(group.messages, 'message')}, ${printable(what)}`)
          for (const text of group.texts.slice(0, EXAMPLES_SHOWN_MAX)) out.line(`    ${onOneLine(printable(text))}`)
        }
      }
      if (groups.length === 0) out.note(`nothing to review for the tenant ${options.tenant}`)
      return undefined
    })

/** Without the messages that are examples already: of their correction, or, where nobody has corrected them, of any intent. */
function notTaught(messages: readonly MessageToReview[], taught: Examples): MessageToReview[] {
  const byIntent = new Map([...taught].map(([intent, texts]) => [intent, new Set(texts)]))
  const all = new Set([...taught.values()].flat())
  return messages.filter(({ text, corrected }) => !(corrected === null ? all : byIntent.get(corrected))?.has(text))
}

/** Corrected messages are grouped by their correction first, and all by meaning. */
function groupsOf(messages: readonly MessageToReview[]): ReviewGroup[] {
  const byCorrection = Map.groupBy(messages, ({ corrected }) => corrected)
  return [...byCorrection].flatMap(([corrected, own]) =>
    groupByMeaning(own.map(({ text }) => text)).map((indices): ReviewGroup => {
      const members = indices.flatMap((index) => own[index] ?? [])
      const texts = members.map(({ text }) => text)
      return {
        id: idFor(texts),
        corrected,
        found: mostFrequent(members),
        messages: members.reduce((sum, { count }) => sum + count, 0),
        texts,
      }
    }),
  )
}

function mostFrequent(messages: readonly MessageToReview[]): string | null {
  const counts = new Map<string | null, number>()
  for (const { intent, count } of messages) counts.set(intent, (counts.get(intent) ?? 0) + count)
  return [...counts].sort(([, one], [, other]) => other - one)[0]?.[0] ?? null
}

async function accept(cli: CommandContext, options: Options, wanted: string, groups: readonly ReviewGroup[]): Promise<void> {
  const group = groups.find(({ id }) => id === wanted)
  if (group === undefined) {
    throw new ColloquyError('no_such_intent', `there is no group ${wanted} to review any more; list them again`)
  }
  const intent = options.as ?? group.corrected
  if (intent === null) throw new ColloquyError('bad_intent', 'nobody has corrected these messages; say with --as what they want')
  await revise(cli, options, ({ deps, options: revising }) =>
    teachIntents(deps, options, new Map([[intent, new Set(group.texts)]]), { ...revising, keepsOthers: true }),
  )
}

function shareArgument(text: string): number {
  const value = text.trim() === '' ? NaN : Number(text)
  if (value >= 0 && value <= 1) return value
  throw new InvalidArgumentError('It must be a number from 0 to 1.')
}
