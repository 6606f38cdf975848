import { Command } from 'commander'
import { importLines, type ImportSummary } from '../../pipeline/ingest/conversations/import-conversations.ts'
import { type LineFile, openLines } from '../../pipeline/ingest/line-file.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import { type CommandContext, JSON_FLAG, type JsonOption } from '../app/command-context.ts'
import { connectToRunningNats } from '../app/connect-to-running.ts'
import { positiveNumber, wholeNumber } from '../app/number-arguments.ts'
import { waitUntilCaughtUp } from '../app/system-status.ts'
import { type Output, printable } from '../app/terminal-output.ts'
import { tokenArgument } from './arguments.ts'
import { type BytesBar, createBytesBar } from './bytes-bar.ts'

interface Options extends JsonOption {
  readonly tenant: string
  readonly kind: string
  readonly rate?: number
  readonly answer?: true
  readonly replyWaitMs: number
  readonly parallel?: number
  readonly wait?: true
  readonly timeoutMs: number
}

const REPLY_WAIT_MS = 10_000
const TIMEOUT_MS = 600_000
/** Live conversations in progress at a time: each waits for its answers. */
const LIVE_MAX = 32

export const importCommand = ({ out, settings }: CommandContext): Command =>
  new Command('import')
    .description('import conversations, one actor each; importing a file again adds only what is new')
    .argument('<file>', 'JSON lines {"id", "lang"?, "turns": [{"role", "text", "lang"?}]}; .gz is unpacked')
    .option('--tenant <tenant>', 'tenant of the actors', tokenArgument, 'default')
    .option('--kind <kind>', 'kind of the actors', tokenArgument, 'support')
    .option('--answer', "play the users' turns live instead, each after the reply to the one before")
    .option('--rate <n>', 'inputs per second (default: as fast as INBOX accepts them)', positiveNumber)
    .option('--reply-wait-ms <ms>', 'with --answer: how long to wait for a reply to a turn', wholeNumber(1), REPLY_WAIT_MS)
    .option('--parallel <n>', `conversations in progress at a time (default: 256; ${LIVE_MAX} with --answer)`, wholeNumber(1))
    .option('--wait', 'then wait until all stages have caught up')
    .option('--timeout-ms <ms>', 'with --wait: give up after this long', wholeNumber(1), TIMEOUT_MS)
    .option(JSON_FLAG, 'the summary as one JSON object')
    .addHelpText(
      'after',
      `
An id that is not a token ([A-Za-z0-9_-], up to 128 characters) becomes the actor "b64-" and the base64url of the id.
The command lists and skips invalid lines; the exit code is then 1.`,
    )
    .action(async (path: string, options: Options) => {
      const { settings: effective } = settings()
      const file = await openLines(path)
      const nc = await connectToRunningNats(effective)
      const progress = showProgress(out, file)
      try {
        const summary = await importLines(file.lines, {
          nc,
          tenant: options.tenant,
          kind: options.kind,
          mode: options.answer ? 'live' : 'history',
          rate: options.rate,
          replyWaitMs: options.replyWaitMs,
          conversationsMax: options.parallel ?? (options.answer ? LIVE_MAX : undefined),
          onWait: progress.waits,
          onProgress: progress.update,
        })
        progress.stop()
        if (options.wait) await waitUntilCaughtUp(effective, options.timeoutMs)
        report(out, path, summary, options)
      } finally {
        progress.stop()
        await nc.close()
      }
    })

function showProgress(out: Output, file: LineFile): Pick<BytesBar, 'waits' | 'stop'> & { update(summary: ImportSummary): void } {
  const bar = createBytesBar(out, file.bytesTotal, '{turns} turns │ {perSecond}/s')
  const startedMs = performance.now()
  return {
    ...bar,
    update({ turns, badLines }) {
      const perSecond = Math.round((turns / (performance.now() - startedMs)) * 1_000)
      bar.update(file.bytesRead(), { turns, perSecond }, badLines === 0 ? '' : `${badLines} bad lines`)
    },
  }
}

/** @throws ColloquyError `bad_lines` if a line was not imported. */
function report(out: Output, path: string, summary: ImportSummary, options: Options): void {
  const { bad, badLines, lines } = summary
  if (options.json) {
    out.json({ file: path, ...summary })
  } else {
    out.line(
      `${summary.conversations} conversations, ${summary.turns} turns: ${summary.published} inputs published, ${
        summary.duplicates
      } already there`,
    )
    const { replied, escalated, none } = summary.reactions
    if (options.answer) out.line(`turns answered ${replied}, escalated ${escalated}, without either in time ${none}`)
  }
  if (badLines === 0) return
  const listed = bad.map(({ line, problem }) => `  line ${line}: ${printable(problem)}`)
  const more = badLines > bad.length ? [`  and ${badLines - bad.length} more`] : []
  throw new ColloquyError('bad_lines', [`${badLines} of ${lines} lines were not imported:`, ...listed, ...more].join('\n'))
}
