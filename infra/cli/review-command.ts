import { Command } from 'commander'
import { teachIntents } from '../../pipeline/ingest/intents/intents-client.ts'
import { readTenantSettings } from '../../pipeline/tenants/tenant-settings-reader.ts'
import { groupByMeaning, GROUPED_TEXTS_MAX } from '../../pipeline/understanding/meaning-groups.ts'
import { type Examples, readExamples, readTaughtSet } from '../../pipeline/understanding/taught/taught-set.ts'
import { counted } from '../../schemas/counted.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import type { CommandContext } from '../app/command-context.ts'
import { withJetStream } from '../app/connect-to-running.ts'
import { onOneLine, printable } from '../app/terminal-output.ts'
import { messagesToReview, type MessageToReview } from '../reporting/recorded-messages.ts'
import { idFor } from './intents/group-names.ts'
import { revise, type SetOptions, withSet } from './intents/set-option.ts'
import { withAnalyst } from './with-analyst.ts'

interface Options extends SetOptions {
  readonly intents?: true
  readonly accept?: string
  readonly as?: string
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

export const reviewCommand = (cli: CommandContext): Command =>
  withSet(new Command(), 'one JSON object per group: {id, corrected, found, messages, texts}; with --accept as "intents teach"')
    .requiredOption('--intents', 'messages whose intent was unsure (UNSURE_BELOW of the tenant) or corrected (intent.corrected)')
    .option('--accept <group>', 'teach the texts of this group')
    .option('--as <intent>', 'with --accept: the intent to teach them as (default: the correction)')
    .addHelpText(
      'after',
      `
A correction is an input of the conversation: its person's judgement, which the machine never sees.
  colloquy publish acme/support/c1 intent.corrected '{"message": "<id>", "intent": "returns"}'

Examples:
  colloquy review --intents --tenant acme
  colloquy review --intents --tenant acme --accept 3f2a9c01 --as returns`,
    )
    .action(async (options: Options) => {
      const { out, settings } = cli
      const { settings: effective } = settings()
      const { unsureBelow, taught } = await withJetStream(effective, async (jetstream) => ({
        unsureBelow: (await readTenantSettings(jetstream, options.tenant)).settings.UNSURE_BELOW,
        taught: await readExamples(jetstream, await readTaughtSet(jetstream, options)),
      }))
      const found = await withAnalyst(effective, undefined, out, (clickhouse) =>
        messagesToReview(clickhouse, { tenant: options.tenant, unsureBelow, limit: GROUPED_TEXTS_MAX }),
      )
      const groups = groupsOf(notTaught(found, taught))
      if (options.accept !== undefined) return accept(cli, options, groups)
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

async function accept(cli: CommandContext, options: Options, groups: readonly ReviewGroup[]): Promise<void> {
  const group = groups.find(({ id }) => id === options.accept)
  if (group === undefined) {
    throw new ColloquyError('no_such_intent', `there is no group ${options.accept} to review any more; list them again`)
  }
  const intent = options.as ?? group.corrected
  if (intent === null) throw new ColloquyError('bad_intent', 'nobody has corrected these messages; say with --as what they want')
  await revise(cli, options, ({ deps, options: revising }) =>
    teachIntents(deps, options, new Map([[intent, new Set(group.texts)]]), { ...revising, keepsOthers: true }),
  )
}
