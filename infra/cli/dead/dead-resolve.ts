import { Command } from 'commander'
import { type DeadLetter, findDeadLetter, firstDeadLetters } from '../../../pipeline/dead-letters/dead-letters.ts'
import { type Outcome, type Resolved, resolveDeadLetters } from '../../../pipeline/dead-letters/resolve-dead-letters.ts'
import type { JetStreamContext } from '../../../pipeline/jetstream/connection.ts'
import type { Resolution } from '../../../schemas/dead-letter-resolution.ts'
import { ColloquyError } from '../../../schemas/errors.ts'
import { actorKey } from '../../../schemas/subjects.ts'
import { type CommandContext, JSON_FLAG, type JsonOption } from '../../app/command-context.ts'
import { withJetStream } from '../../app/connect-to-running.ts'
import { wholeNumber } from '../../app/number-arguments.ts'
import { onOneLine, type Output } from '../../app/terminal-output.ts'
import { addFilterFlags, filterOf, type FilterOptions, isFiltered } from './dead-filter.ts'
import { noSuchDeadLetter } from './dead-show.ts'

interface Options extends JsonOption, FilterOptions {
  readonly all?: true
  readonly force?: true
  readonly limit: number
  readonly inFlight: number
  readonly timeoutMs: number
}

/** About 1 KB of memory each. */
const LIMIT_DEFAULT = 100_000
const IN_FLIGHT_DEFAULT = 64
const TIMEOUT_DEFAULT_MS = 30_000

const WORDS = {
  redriven: {
    name: 'redrive',
    about: 'hand the originals to their actors again, in the order of arrival, with payload and id unchanged',
    help: `
A redrive is recorded in the log and removes the dead letter from DEAD; the table dead_letters then says "resolved". An original that is
rejected again becomes a new dead letter. An original that its producer has also resent under the same id takes effect only once.`,
  },
  dropped: { name: 'drop', about: 'remove dead letters from DEAD for good; the log and the table dead_letters record it', help: '' },
} as const satisfies Record<Resolution, object>

export function resolveCommand({ out, settings }: CommandContext, resolution: Resolution): Command {
  const { name, about, help } = WORDS[resolution]
  const command = addFilterFlags(new Command(name))
    .description(about)
    .argument('[seq...]', 'DEAD sequences, as "dead ls --each" shows them; without them, the flags choose', sequences)
    .option('--all', 'all dead letters')
    .option('--limit <n>', 'at most this many, the ones that arrived first', wholeNumber(1), LIMIT_DEFAULT)
    .option('--in-flight <n>', 'dead letters that wait for their record at a time', wholeNumber(1), IN_FLIGHT_DEFAULT)
    .option('--timeout-ms <n>', 'stop waiting for each after this long', wholeNumber(1), TIMEOUT_DEFAULT_MS)
    .option(JSON_FLAG, 'one JSON object per dead letter: {seq, tenant, kind, id, inboxSeq, outcome, logSeq?, reason?, error?}')
    .addHelpText(
      'after',
      `${help}${help === '' ? '' : '\n'}
Examples:
  colloquy dead ${name} 17
  colloquy dead ${name} --reason unknown_kind --kind support --older 1h`,
    )
  if (resolution === 'redriven') {
    command.option('--force', 'also those that were redriven before, and those whose payload DEAD has only in part')
  }
  return command.action(async (given: readonly number[] | undefined, options: Options) => {
    await withJetStream(settings().settings, async (jetstream) => {
      const deadLetters = await chosen(jetstream, given ?? [], options)
      const counts = new Map<Outcome, number>()
      await resolveDeadLetters(
        {
          jetstream,
          resolution,
          force: options.force === true,
          inFlightMax: options.inFlight,
          timeoutMs: options.timeoutMs,
          onResolved: (resolved) => {
            counts.set(resolved.outcome, (counts.get(resolved.outcome) ?? 0) + 1)
            if (options.json) out.json(resolvedJson(resolved))
            else out.line(resolvedLine(out, resolved))
          },
          onWait: (why) => out.note(`${why}; trying again`),
        },
        deadLetters,
      )
      const summary = [...counts].map(([outcome, count]) => `${count} ${outcome}`).join(', ')
      out.note(deadLetters.length === 0 ? 'no dead letter matches' : summary)
      const undone = (counts.get('refused') ?? 0) + (counts.get('unconfirmed') ?? 0)
      if (undone > 0) {
        throw new ColloquyError(
          'not_all_done',
          `${undone} of ${deadLetters.length} dead letters were not resolved, or not confirmed; each line says why`,
        )
      }
    })
  })
}

const sequences = (text: string, before: readonly number[] = []): readonly number[] => [...before, wholeNumber(1)(text)]

async function chosen(jetstream: JetStreamContext, seqs: readonly number[], options: Options): Promise<DeadLetter[]> {
  const filter = filterOf(options)
  const ways = [seqs.length > 0, isFiltered(filter), options.all === true].filter(Boolean).length
  if (ways !== 1) throw new ColloquyError('which_letters', 'choose dead letters by their sequences, by flags such as --reason, or by --all')
  if (seqs.length > 0) return Promise.all(seqs.map((seq) => deadLetterAt(jetstream, seq)))
  return firstDeadLetters(jetstream, filter, options.limit)
}

async function deadLetterAt(jetstream: JetStreamContext, seq: number): Promise<DeadLetter> {
  const deadLetter = await findDeadLetter(jetstream, seq)
  if (deadLetter === undefined) throw noSuchDeadLetter(seq)
  return { ...deadLetter, payload: new Uint8Array() }
}

const resolvedJson = ({
  deadLetter: {
    seq,
    address: { tenant, kind, id },
    inboxSeq,
  },
  outcome,
  logSeq,
  reason,
  error,
}: Resolved): object => ({ seq, tenant, kind, id, inboxSeq, outcome, logSeq, reason, error })

const OUTCOME_TEXT: Readonly<Record<Outcome, string>> = {
  committed: 'redriven: committed',
  rejected: 'redriven: rejected again',
  dropped: 'dropped',
  repeat: "duplicate: an input with its id is already committed, such as its producer's own resend",
  ignored: 'ignored: its actor no longer waits for it',
  again: 'redriven before: no effect is repeated',
  refused: 'refused',
  unconfirmed: 'sent, not confirmed',
}
const STYLE: Readonly<Record<Outcome, 'green' | 'yellow' | 'red'>> = {
  committed: 'green',
  dropped: 'green',
  repeat: 'yellow',
  ignored: 'yellow',
  again: 'yellow',
  rejected: 'red',
  refused: 'red',
  unconfirmed: 'red',
}

function resolvedLine(out: Output, { deadLetter, outcome, logSeq, reason, error }: Resolved): string {
  const why = [reason, error].filter((text) => text !== undefined).join(': ')
  return [
    String(deadLetter.seq).padStart(7),
    actorKey(deadLetter.address),
    out.paint(STYLE[outcome], OUTCOME_TEXT[outcome]),
    ...(logSeq === undefined ? [] : [`record ${logSeq}`]),
    ...(why === '' ? [] : [onOneLine(why)]),
  ].join('  ')
}
