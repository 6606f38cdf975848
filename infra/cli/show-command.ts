import { Command } from 'commander'
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import { findRecord, lastRecord, recordsOf, type Placed } from '../../pipeline/jetstream/last-record.ts'
import { openReader } from '../../pipeline/jetstream/ordered-reader.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import type { LogRecord } from '../../schemas/record.ts'
import { actorKey, type Address } from '../../schemas/subjects.ts'
import { withJetStream } from '../app/connect-to-running.ts'
import { actorArgument, wholeNumber } from './arguments.ts'
import { JSON_FLAG, type CommandContext, type JsonOption } from '../app/command-context.ts'
import { printable, type Output } from '../app/terminal-output.ts'
import { outcomeTexts, statesText, timerName } from './record-text.ts'

interface Options extends JsonOption {
  readonly at?: number
  readonly limit: number
}

const HISTORY_DEFAULT = 100
const FETCH_AHEAD_MAX = 500

export const showCommand = ({ out, settings }: CommandContext): Command =>
  new Command('show')
    .description('show an actor as it stands, or stood at any record, with the history that led there')
    .argument('<actor>', 'tenant/kind/id, or kind/id of the tenant "default"', actorArgument)
    .option('--at <n>', 'at its record n: 1, 2, 3… (default: the last)', wholeNumber(1))
    .option('--limit <n>', 'records of its history, the newest of them', wholeNumber(1), HISTORY_DEFAULT)
    .option(JSON_FLAG, 'one JSON object: {tenant, kind, id, n, state, status, machine, context, label, position, …, history}')
    .action(async (address: Address, options: Options) => {
      await withJetStream(settings().settings, async (jetstream) => {
        const { at, last } = await find(jetstream, address, options.at)
        const history = await historyOf(jetstream, address, at, options.limit)
        if (options.json) out.json(asJson(address, at, history))
        else print(out, address, at, last, history)
      })
    })

/** The record that is asked for, and the last one. */
async function find(jetstream: JetStreamContext, address: Address, n: number | undefined): Promise<{ at: Placed; last: Placed }> {
  const subject = recordsOf(address)
  const last = await lastRecord(jetstream, subject)
  const who = actorKey(address)
  if (last === undefined) throw new ColloquyError('unknown_actor', `there is no record of ${who}; "colloquy tail" shows others`)
  const at = n === undefined ? last : await findRecord(jetstream, subject, last, (record) => record.n - n)
  if (at === undefined) throw new ColloquyError('unknown_record', `${who} has records 1 to ${last.record.n}, and no ${n}`)
  return { at, last }
}

/** The records up to this one, oldest first, so many of them at the most. */
async function historyOf(jetstream: JetStreamContext, address: Address, at: Placed, limit: number): Promise<Placed[]> {
  const subject = recordsOf(address)
  const first = await findRecord(jetstream, subject, at, ({ n }) => n - Math.max(1, at.record.n - limit + 1))
  const reader = await openReader(jetstream, {
    stream: 'LOG', filterSubjects: [subject], startSeq: first?.seq ?? at.seq, messagesMax: Math.min(limit, FETCH_AHEAD_MAX),
  })
  const history: Placed[] = []
  for await (const message of reader) {
    history.push({ seq: message.seq, record: message.json<LogRecord>() })
    if (message.seq >= at.seq) break
  }
  return history
}

const asJson = ({ tenant, kind, id }: Address, { seq, record }: Placed, history: readonly Placed[]): object => ({
  tenant, kind, id, n: record.n, seq, at: record.at, state: record.to, status: record.status, machine: record.machine,
  context: record.state?.context ?? null, label: record.label, position: record.inbox.seq, case: record.case,
  tasks: record.state?.tasks ?? {}, timers: record.state?.timers ?? {},
  history: history.map(decisionOf),
})

/** What one record decided; the rest of it is what the actor was by then. */
function decisionOf({ seq, record }: Placed): object {
  const { n, at, outcome, reason, error, input, from, to, emitted, sent, started, timers, stopped, ended } = record
  return { n, seq, at, outcome, reason, error, input, from, to, emitted, sent, started, timers, stopped, ended }
}

function print(out: Output, address: Address, { seq, record }: Placed, last: Placed, history: readonly Placed[]): void {
  const { paint } = out
  const { tasks = {}, timers = {} } = record.state ?? {}
  const facts: (readonly [string, string])[] = [
    ['actor', paint('cyan', actorKey(address))],
    ['record', `${record.n} of ${last.record.n}, LOG sequence ${seq}, ${record.at}`],
    ['state', `${paint('bold', record.to || '·')} (${record.status})`],
    ['machine', record.machine],
    ['position', `${record.inbox.seq} (INBOX)`],
    ['label', printable(JSON.stringify(record.label))],
    ['context', printable(JSON.stringify(record.state?.context ?? null))],
    ...Object.values(tasks).map(({ task, deadlineAt }) => ['task', `${task} until ${deadlineAt}`] as const),
    ...Object.values(timers).map(({ event, at }) => ['timer', `${printable(timerName(event.type))} at ${at}`] as const),
  ]
  for (const [name, text] of facts) out.line(`${name.padEnd(9)} ${text}`)
  out.line()
  if (history.length < record.n) out.line(paint('gray', `The last ${history.length} of ${record.n} records (--limit):`))
  out.table(['n', 'at', 'input', 'state', 'what came of it'], history.map(({ record: past }) => [
    String(past.n), past.at.slice(0, 23).replace('T', ' '), inputText(past), statesText(past),
    outcomeTexts(past, paint).join('; '),
  ]))
}

const TEXT_CHARS_MAX = 48

/** The type, and what was said where something was. */
function inputText({ input }: LogRecord): string {
  const said = input.data?.['text']
  if (typeof said !== 'string') return printable(input.type)
  const cut = said.length > TEXT_CHARS_MAX ? `${said.slice(0, TEXT_CHARS_MAX).toWellFormed()}…` : said
  return `${printable(input.type)} "${printable(cut)}"`
}
