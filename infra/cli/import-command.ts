import type { KV } from '@nats-io/kv'
import { Command } from 'commander'
import { z } from 'zod'
import { type ConversationFile, openConversations } from '../../pipeline/ingest/conversations/conversation-file.ts'
import { FORMATS, type Skipped } from '../../pipeline/ingest/conversations/conversation-formats.ts'
import { importConversations, type ImportSummary } from '../../pipeline/ingest/conversations/import-conversations.ts'
import { END_SOURCE, TURN_SOURCE } from '../../pipeline/ingest/conversations/known-turns.ts'
import { placeText } from '../../pipeline/ingest/conversations/read-conversations.ts'
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import { readToEnd } from '../../pipeline/jetstream/read-to-end.ts'
import { counted } from '../../schemas/counted.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import { parseJson } from '../../schemas/json.ts'
import { type CommandContext, JSON_FLAG } from '../app/command-context.ts'
import { withJetStream } from '../app/connect-to-running.ts'
import { registeredKinds } from '../app/kind-registry.ts'
import { positiveNumber, wholeNumber } from '../app/number-arguments.ts'
import { openBucket } from '../app/prepare-streams.ts'
import { type Output, printable } from '../app/terminal-output.ts'
import { waitUntilTaken } from '../app/wait-until-taken.ts'
import { whileConnected } from '../app/while-connected.ts'
import { tokenArgument } from './arguments.ts'
import { type BytesBar, createBytesBar } from './bytes-bar.ts'
import { type EventsOptions, importEventsCommand } from './import-events-command.ts'

interface Options extends EventsOptions {
  readonly answer?: true
  readonly count?: true
  readonly addChanged?: true
  readonly replyWaitMs: number
  readonly parallel?: number
}

const RUN_AGAIN = 'the file is not imported whole: run the command again, which adds only what is missing'
const REPLY_WAIT_MS = 10_000
const TIMEOUT_MS = 600_000
/** Live conversations in progress at a time: each waits for its answers. */
const LIVE_MAX = 32
/** Problems and changed turns that are printed. */
const PRINTED_MAX = 20

export const importCommand = ({ out, settings }: CommandContext): Command =>
  new Command()
    .argument('[file]', 'JSON lines, a JSON array, or an export; the format is recognised, and gzip is unpacked')
    .option('--events <file>', 'send the events of a file, one a line, as live inputs: JSON lines, or CSV by its name; see below')
    .option('--source <name>', 'with --events: name of the file among all that are imported (default: by its first line)')
    .option('--skip-wrong', 'with --events: leave wrong lines out (default: nothing is sent where a line is wrong)')
    .option('--tenant <tenant>', 'tenant of the actors', tokenArgument, 'default')
    .option('--kind <kind>', 'kind of the actors', tokenArgument, 'support')
    .option('--count', 'count the conversations in "colloquy questions", as closed cases')
    .option('--add-changed', 'add turns that have changed as new ones')
    .option('--answer', "play the users' turns live instead, each after the reply to the one before")
    .option('--rate <n>', 'inputs per second (default: as fast as INBOX accepts them)', positiveNumber)
    .option('--reply-wait-ms <ms>', 'with --answer: how long to wait for a reply to a turn', wholeNumber(1), REPLY_WAIT_MS)
    .option('--parallel <n>', `conversations in progress at a time (default: 512; ${LIVE_MAX} with --answer)`, wholeNumber(1))
    .option('--wait', 'then wait until all stages have taken what was sent, and tell what was rejected')
    .option('--timeout-ms <ms>', 'with --wait: give up after this long', wholeNumber(1), TIMEOUT_MS)
    .option(JSON_FLAG, 'the summary as one JSON object')
    .addHelpText(
      'after',
      `
Formats:
  {"id", "turns": [{"role", "text", "time"?, "agent"?, "lang"?, "id"?}],
   "time"?, "customer"?, "channel"?, "rating"?, "tags"?, "agent"?, "lang"?}
${Object.values(FORMATS)
  .slice(1)
  .map((name) => `  ${name}`)
  .join('\n')}

A turn is known by its role and text, and by its number among equal ones. A turn that has changed is named and left out; the exit code is
then 1, as it is where a conversation cannot be read. --add-changed adds such turns. An id that is not
a token ([A-Za-z0-9_-], up to 128 characters) becomes the actor "b64-" and the base64url of the id.

Events (--events): {"actor", "type", "data", "time"?, "id"?, "kind"?} a line. CSV has these columns in its first line, and a column for each
field of the data. All lines are checked first. Running it again sends only lines that were added at the end.

  colloquy import --kind post --events posts.jsonl --tenant acme`,
    )
    .action(async (path: string | undefined, options: Options) => {
      if (options.events !== undefined && path === undefined) return importEventsCommand({ out, settings }, options.events, options)
      if (path === undefined || options.events !== undefined)
        throw new ColloquyError('no_data', 'give either a file of conversations or --events <file>')
      const { settings: effective } = settings()
      const file = await openConversations(path)
      await withJetStream(effective, async (jetstream) => {
        const kv = await openBucket(jetstream.nc)
        await checkKind(kv, options.kind)
        const { state: dead } = await jetstream.jsm.streams.info('DEAD')
        const progress = showProgress(out, file)
        try {
          const summary = await whileConnected(jetstream.nc, { again: RUN_AGAIN, onAway: progress.waits }, (signal) =>
            importConversations(file.pieces, {
              nc: jetstream.nc,
              jetstream,
              kv,
              tenant: options.tenant,
              kind: options.kind,
              name: path,
              mode: options.answer ? 'live' : 'history',
              counted: options.count === true,
              addChanged: options.addChanged === true,
              rate: options.rate,
              replyWaitMs: options.replyWaitMs,
              conversationsMax: options.parallel ?? (options.answer ? LIVE_MAX : undefined),
              signal,
              onWait: progress.waits,
              onProgress: progress.update,
            }),
          )
          progress.stop()
          if (options.wait) await waitUntilTaken(effective, { ...options, onWait: out.note })
          const rejected = options.wait ? await countRejected(jetstream, options, dead.last_seq + 1) : undefined
          report(out, path, file.bytesTotal, summary, rejected, options)
        } finally {
          progress.stop()
        }
      })
    })

/** @throws ColloquyError `no_such_kind`: each input would be rejected, out of sight. */
async function checkKind(kv: KV, kind: string): Promise<void> {
  const kinds = await registeredKinds(kv)
  if (kinds.has(kind)) return
  throw new ColloquyError('no_such_kind', `no kind "${kind}" is in use; there are ${[...kinds.keys()].join(', ')}`)
}

const importedInput = z.object({ source: z.enum([TURN_SOURCE, END_SOURCE]) })

/** Imported inputs among the dead letters from a sequence on. */
async function countRejected(jetstream: JetStreamContext, { tenant, kind }: Options, from: number): Promise<number> {
  let count = 0
  for await (const batch of readToEnd(jetstream, 'DEAD', { filter_subjects: `dead.*.${tenant}.${kind}.*`, opt_start_seq: from })) {
    for (const letter of batch) {
      const { data: input } = importedInput.safeParse(parseJson(letter.string()))
      if (input !== undefined) count += 1
    }
  }
  return count
}

function showProgress(out: Output, file: ConversationFile): Pick<BytesBar, 'waits' | 'stop'> & { update(summary: ImportSummary): void } {
  const bar = createBytesBar(out, file.bytesTotal, '{turns} turns │ {perSecond}/s')
  const startedMs = performance.now()
  return {
    ...bar,
    update({ added, known, badLines }) {
      const turns = added + known
      const perSecond = Math.round((turns / (performance.now() - startedMs)) * 1_000)
      bar.update(file.bytesRead(), { turns, perSecond }, badLines === 0 ? '' : `${badLines} unreadable`)
    },
  }
}

/** What is no turn, in words. */
const SKIPPED: Readonly<Record<Skipped | 'facts', (count: number) => string>> = {
  branches: (count) => `${counted(count, 'message')} beside the current branches (edited or regenerated) left out`,
  attachments: (count) => `${counted(count, 'part')} without text, such as images, left out`,
  tools: (count) => `${counted(count, 'message')} of tools left out`,
  empty: (count) => `${counted(count, 'message')} without text, such as calls of tools, left out`,
  facts: (count) => `${counted(count, 'conversation')} gone on live: rating, tags or --count not recorded`,
}

/** @throws ColloquyError `no_conversations`, `bad_lines`, `changed_turns` or `rejected_turns` if something was left out. */
function report(out: Output, path: string, bytes: number, summary: ImportSummary, rejected: number | undefined, options: Options): void {
  const { bad, badLines, changedTurns } = summary
  const formats = Object.keys(summary.formats) as (keyof typeof FORMATS)[]
  if (options.json) out.json({ file: path, ...summary, ...(rejected === undefined ? {} : { rejected }) })
  const [first] = bad
  if (formats.length === 0 && first !== undefined) {
    throw new ColloquyError(
      'no_conversations',
      `${path} has no conversation that "colloquy import" can read: ${placeText(first)}: ${printable(first.problem)}`,
    )
  }
  if (formats.length === 0 && badLines === 0) {
    throw new ColloquyError('no_conversations', `${path} ${bytes === 0 ? 'is empty' : 'has no conversations'}`)
  }
  if (!options.json) for (const line of linesOf(summary, options)) out.line(line)
  const parts = [
    ...(badLines === 0
      ? []
      : listed(
          `${counted(badLines, 'part')} of the file could not be read:`,
          badLines,
          bad.map((one) => `${placeText(one)}: ${one.problem}`),
        )),
    ...(summary.changed === 0
      ? []
      : listed(
          `${counted(summary.changed, 'changed turn')} left out, since records do not change; --add-changed adds such turns as new ones:`,
          summary.changed,
          changedTurns.map(changeText),
        )),
    ...(rejected === undefined || rejected === 0 ? [] : [`${counted(rejected, 'input')} rejected; "colloquy dead ls" shows why`]),
  ]
  if (parts.length === 0) return
  throw new ColloquyError(badLines > 0 ? 'bad_lines' : summary.changed > 0 ? 'changed_turns' : 'rejected_turns', parts.join('\n'))
}

/** One changed turn. */
function changeText({ id, number, role, wasRole, was, is, ...place }: ImportSummary['changedTurns'][number]): string {
  const where = `${placeText(place)}, turn ${number} of "${id}"`
  if (role !== wasRole) return `${where}: "${was}" of ${wasRole} is now "${is}" of ${role}`
  return was === is ? `${where} (${role}): "${is}" goes on differently` : `${where} (${role}): "${was}" is now "${is}"`
}

function linesOf(summary: ImportSummary, options: Options): string[] {
  const { conversations, turns, added, known, byTextOnly, changed, late, lateUntimed, published, reactions, unknownFields, skipped } =
    summary
  const formats = (Object.keys(summary.formats) as (keyof typeof FORMATS)[]).map((name) => FORMATS[name])
  const what = added === 0 && changed === 0 && published === 0 && turns > 0 ? 'nothing is new' : `${added} added, ${known} already there`
  return [
    ...(formats.length === 0 ? [] : [`read as ${formats.join(' and ')}`]),
    `${counted(conversations, 'conversation')}, ${counted(turns, 'turn')}: ${what}${changed === 0 ? '' : `, ${changed} changed`}`,
    ...(late === lateUntimed ? [] : [`${late - lateUntimed} of them between turns that were known: order messages by time`]),
    ...(lateUntimed === 0
      ? []
      : [`${lateUntimed} of them between turns that were known, without times: they stand behind these in the tables`]),
    ...(byTextOnly === 0
      ? []
      : [
          `repeated texts taken for known: ${byTextOnly}, though other turns surround them in the file; `
            + 'a "time" or "id" in each turn would tell them apart',
        ]),
    ...(options.count ? ['the questions count the last 30 days: ask about older conversations with --from'] : []),
    ...(options.answer
      ? [`turns answered ${reactions.replied}, escalated ${reactions.escalated}, without either in time ${reactions.none}`]
      : []),
    ...(unknownFields.length === 0 ? [] : [`fields that import does not know: ${unknownFields.map(printable).join(', ')}`]),
    ...(Object.keys(skipped) as (keyof typeof SKIPPED)[]).map((name) => SKIPPED[name](skipped[name] ?? 0)),
  ]
}

function listed(head: string, count: number, all: readonly string[]): string[] {
  const shown = all.slice(0, PRINTED_MAX)
  return [head, ...shown.map((one) => `  ${printable(one)}`), ...(count > shown.length ? [`  and ${count - shown.length} more`] : [])]
}
