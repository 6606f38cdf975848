import { Command } from 'commander'
import type { JetStreamContext } from '../../../pipeline/jetstream/connection.ts'
import { findDeadLetter, firstDeadLetters, type DeadLetter } from '../../../pipeline/dead-letters/dead-letters.ts'
import { resolveDeadLetters, type Outcome, type Resolved } from '../../../pipeline/dead-letters/resolve-dead-letters.ts'
import { ColloquyError } from '../../../schemas/errors.ts'
import type { Resolution } from '../../../schemas/dead-letter-resolution.ts'
import { actorKey } from '../../../schemas/subjects.ts'
import { withJetStream } from '../../app/connect-to-running.ts'
import { wholeNumber } from '../../app/number-arguments.ts'
import { JSON_FLAG, type CommandContext, type JsonOption } from '../../app/command-context.ts'
import { printable, type Output } from '../../app/terminal-output.ts'
import { addFilterFlags, filterOf, isFiltered, type FilterOptions } from './dead-filter.ts'
import { noSuchLetter } from './dead-show.ts'

interface Options extends JsonOption, FilterOptions {
  readonly all?: true
  readonly force?: true
  readonly limit: number
  readonly inFlight: number
  readonly timeoutMs: number
}

/** About 1 KB of memory each. */
const LETTERS_DEFAULT = 100_000
const IN_FLIGHT_DEFAULT = 64
const TIMEOUT_DEFAULT_MS = 30_000

const WORDS = {
  redriven: {
    name: 'redrive',
    about: 'put originals before their actors again, in the order in which they arrived, payload and id untouched',
    help: `
The log records each redrive; the letter leaves DEAD, and dead_letters says "resolved". What is rejected again is a new letter.
An original whose producer has sent it again meanwhile, under the same id, is a repeat: it happens once.`,
  },
  dropped: {
    name: 'drop',
    about: 'give letters up: they leave DEAD, and the log and dead_letters say so',
    help: '',
  },
} as const satisfies Record<Resolution, object>

export function resolveCommand({ out, settings }: CommandContext, end: Resolution): Command {
  const { name, about, help } = WORDS[end]
  const command = addFilterFlags(new Command(name))
    .description(about)
    .argument('[seq...]', 'these letters, as "dead ls --each" shows them; or those that fit the flags', sequences)
    .option('--all', 'all there are')
    .option('--limit <n>', 'at most so many, those that arrived first', wholeNumber(1), LETTERS_DEFAULT)
    .option('--in-flight <n>', 'letters that wait for their record at one time', wholeNumber(1), IN_FLIGHT_DEFAULT)
    .option('--timeout-ms <n>', 'how long each may take', wholeNumber(1), TIMEOUT_DEFAULT_MS)
    .option(JSON_FLAG, 'one JSON object per letter: {seq, tenant, kind, id, inboxSeq, outcome, logSeq?, reason?, error?}')
    .addHelpText('after', `${help}
Examples:
  colloquy dead ${name} 17
  colloquy dead ${name} --reason unknown_kind --kind support --older 1h`)
  if (end === 'redriven') command.option('--force', 'also what was redriven before, and what DEAD has only the beginning of')
  return command.action(async (given: readonly number[] | undefined, options: Options) => {
    await withJetStream(settings().settings, async (jetstream) => {
      const deadLetters = await chosen(jetstream, given ?? [], options)
      const counts = new Map<Outcome, number>()
      await resolveDeadLetters({
        jetstream, end, force: options.force === true, inFlightMax: options.inFlight, timeoutMs: options.timeoutMs,
        onResolved: (resolved) => {
          counts.set(resolved.outcome, (counts.get(resolved.outcome) ?? 0) + 1)
          if (options.json) out.json(resolvedJson(resolved))
          else out.line(resolvedLine(out, resolved))
        },
        onWait: (why) => out.note(`${why}; trying again`),
      }, deadLetters)
      out.note(deadLetters.length === 0 ? 'no letter fits' : [...counts].map(([outcome, count]) => `${count} ${outcome}`).join(', '))
      const undone = (counts.get('refused') ?? 0) + (counts.get('unconfirmed') ?? 0)
      if (undone > 0) throw new ColloquyError('not_all_done', `${undone} of ${deadLetters.length} letters are as they were, or may be; each line says why`)
    })
  })
}

const sequences = (text: string, before: readonly number[] = []): readonly number[] => [...before, wholeNumber(1)(text)]

async function chosen(jetstream: JetStreamContext, seqs: readonly number[], options: Options): Promise<DeadLetter[]> {
  const filter = filterOf(options)
  const ways = [seqs.length > 0, isFiltered(filter), options.all === true].filter(Boolean).length
  if (ways !== 1) throw new ColloquyError('which_letters', 'say which letters: by their sequences, or by flags such as --reason, or --all')
  if (seqs.length > 0) return Promise.all(seqs.map((seq) => letterAt(jetstream, seq)))
  return firstDeadLetters(jetstream, filter, options.limit)
}

async function letterAt(jetstream: JetStreamContext, seq: number): Promise<DeadLetter> {
  const deadLetter = await findDeadLetter(jetstream, seq)
  if (deadLetter === undefined) throw noSuchLetter(seq)
  return { ...deadLetter, payload: new Uint8Array() }
}

const resolvedJson = ({ deadLetter: { seq, address: { tenant, kind, id }, inboxSeq }, outcome, logSeq, reason, error }: Resolved): object =>
  ({ seq, tenant, kind, id, inboxSeq, outcome, logSeq, reason, error })

const SAID: Readonly<Record<Outcome, string>> = {
  committed: 'redriven: committed', rejected: 'redriven: rejected again', dropped: 'dropped',
  repeat: 'its id is committed already, such as by its producer\'s own resend: nothing happened twice',
  ignored: 'nobody waits for it any more', again: 'it was redriven before: nothing happened twice',
  refused: 'not done', unconfirmed: 'sent, and not confirmed',
}
const STYLE: Readonly<Record<Outcome, 'green' | 'yellow' | 'red'>> = {
  committed: 'green', dropped: 'green', repeat: 'yellow', ignored: 'yellow', again: 'yellow', rejected: 'red', refused: 'red', unconfirmed: 'red',
}

function resolvedLine(out: Output, { deadLetter, outcome, logSeq, reason, error }: Resolved): string {
  const why = [reason, error].filter((text) => text !== undefined).join(': ')
  return [
    String(deadLetter.seq).padStart(7), actorKey(deadLetter.address), out.paint(STYLE[outcome], SAID[outcome]),
    ...(logSeq === undefined ? [] : [`record ${logSeq}`]), ...(why === '' ? [] : [printable(why)]),
  ].join('  ')
}
