import { Command } from 'commander'
import { type Cause, causesOf } from '../../../pipeline/dead-letters/dead-letter-causes.ts'
import { type DeadLetter, newestDeadLetters, scanDeadLetters } from '../../../pipeline/dead-letters/dead-letters.ts'
import { actorKey } from '../../../schemas/subjects.ts'
import { type CommandContext, JSON_FLAG, type JsonOption } from '../../app/command-context.ts'
import { withJetStream } from '../../app/connect-to-running.ts'
import { wholeNumber } from '../../app/number-arguments.ts'
import { onOneLine, type Output, printable } from '../../app/terminal-output.ts'
import { addFilterFlags, filterOf, type FilterOptions } from './dead-filter.ts'

interface Options extends JsonOption, FilterOptions {
  readonly each?: true
  readonly limit: number
}

const LIMIT_DEFAULT = 50

export const listCommand = ({ out, settings }: CommandContext): Command =>
  addFilterFlags(new Command('ls'))
    .description('list dead letters by cause, the most frequent first; or one by one, the newest last')
    .option('--each', 'list each dead letter instead of causes')
    .option('--limit <n>', 'number of causes, or with --each of the newest dead letters', wholeNumber(1), LIMIT_DEFAULT)
    .option(JSON_FLAG, 'one JSON object per cause {reason, error, count, kinds, types, firstAt, lastAt, seq}, or per dead letter')
    .addHelpText(
      'after',
      `
Examples:
  colloquy dead ls --newer 24h
  colloquy dead ls --reason bad_data --kind support --each`,
    )
    .action(async (options: Options) => {
      await withJetStream(settings().settings, async (jetstream) => {
        const filter = filterOf(options)
        if (options.each === true) printEach(out, await newestDeadLetters(jetstream, filter, options.limit), options)
        else printCauses(out, await causesOf(scanDeadLetters(jetstream, filter)), options)
      })
    })

function printEach(out: Output, deadLetters: readonly DeadLetter[], { json }: Options): void {
  if (json === true) for (const deadLetter of deadLetters) out.json(described(deadLetter))
  else
    out.table(
      ['seq', 'at', 'actor', 'type', 'reason', 'error'],
      deadLetters.map((deadLetter) => [
        String(deadLetter.seq),
        deadLetter.at,
        actorKey(deadLetter.address),
        printable(deadLetter.type),
        out.paint('red', deadLetter.reason),
        onOneLine(deadLetter.error),
      ]),
    )
}

function printCauses(out: Output, all: readonly Cause[], { json, limit }: Options): void {
  const causes = all.slice(0, limit)
  if (json === true) for (const cause of causes) out.json(cause)
  else
    out.table(
      ['count', 'reason', 'error', 'kinds', 'types', 'first', 'last', 'example'],
      causes.map((cause) => [
        String(cause.count),
        out.paint('red', cause.reason),
        onOneLine(cause.error),
        printable(cause.kinds.join(', ')),
        printable(cause.types.join(', ')),
        cause.firstAt,
        cause.lastAt,
        String(cause.seq),
      ]),
    )
  if (all.length > causes.length) out.note(`${all.length - causes.length} more causes; --limit shows more`)
}

/** A dead letter as `--json` prints it, without its payload. */
export const described = ({
  seq,
  at,
  reason,
  type,
  error,
  address: { tenant, kind, id },
  subject,
  logSeq,
  inboxSeq,
}: DeadLetter): object => ({ seq, at, reason, type, error, tenant, kind, id, subject, logSeq, inboxSeq })
