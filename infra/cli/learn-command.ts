import { Command } from 'commander'
import { createKnowledgeClient } from '../../pipeline/ingest/knowledge-client.ts'
import { createSender } from '../../pipeline/producer/input-sender.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import { connectToRunningNats } from '../app/connect-to-running.ts'
import { findFiles } from '../../pipeline/ingest/find-files.ts'
import { learnFiles, type LearnSummary } from '../../pipeline/ingest/learn-files.ts'
import { tokenArgument } from './arguments.ts'
import { wholeNumber } from '../app/number-arguments.ts'
import { JSON_FLAG, type CommandContext, type JsonOption } from '../app/command-context.ts'
import { createBytesBar, type BytesBar } from './bytes-bar.ts'
import { printable, type Output } from '../app/terminal-output.ts'
import { waitUntilCaughtUp } from '../app/system-status.ts'

interface Options extends JsonOption {
  readonly tenant: string
  readonly wait?: true
  readonly timeoutMs: number
}

export const WAIT_FLAGS = { wait: 'then wait until all stages are level', timeoutMs: 600_000 } as const

export const learnCommand = ({ out, settings }: CommandContext): Command =>
  new Command('learn')
    .description('learn files and folders, to be found by search and cited by answers; again changes nothing')
    .argument('<path...>', 'Markdown, text, HTML, code, CSV, and JSON lines {"id", "text", "title"?, "lang"?, "url"?}; of folders all such files below')
    .option('--tenant <tenant>', 'whose knowledge', tokenArgument, 'default')
    .option('--wait', `${WAIT_FLAGS.wait}: what was learned is found from then on`)
    .option('--timeout-ms <ms>', 'with --wait: how long', wholeNumber(1), WAIT_FLAGS.timeoutMs)
    .option(JSON_FLAG, 'the summary as one JSON object: {files, learned, changed, unchanged, chunks, added, removed, badCount, bad: [{file, line?, problem}]}')
    .addHelpText('after', `
A file is a source by its path as it is given (learn docs/faq.md: "docs/faq.md"), a line by its id. Of one that has changed, only the
chunks that changed are replaced. Files and lines that are wrong are named and passed over; the exit code is 1 then.
In folders, hidden files, node_modules and files of no known kind are passed over, and links are not followed.

Examples:
  colloquy learn docs README.md --tenant acme --wait
  colloquy search "退货" --tenant acme --in knowledge`)
    .action(async (paths: string[], options: Options) => {
      const { settings: effective } = settings()
      let bytesTotal = 0
      for await (const { bytes } of findFiles(paths)) bytesTotal += bytes
      const nc = await connectToRunningNats(effective, 'producer')
      const progress = showProgress(out, bytesTotal)
      const sender = createSender(nc, { onWait: progress.waits })
      try {
        const knowledge = await createKnowledgeClient({ nc, sender, tenant: options.tenant })
        const summary = await learnFiles(findFiles(paths), { knowledge, onProgress: progress.update })
        progress.stop()
        if (options.wait) await waitUntilCaughtUp(effective, options.timeoutMs)
        report(out, summary, options)
      } finally {
        progress.stop()
        await sender.close()
        await nc.close()
      }
    })

function showProgress(out: Output, bytesTotal: number): Pick<BytesBar, 'waits' | 'stop'> & { update(summary: LearnSummary): void } {
  const bar = createBytesBar(out, bytesTotal, '{sources} sources │ {chunks} chunks │ {unchanged} unchanged')
  return {
    ...bar,
    update({ bytes, learned, changed, unchanged, chunks, badCount }) {
      bar.update(bytes, { sources: learned + changed + unchanged, chunks, unchanged }, badCount === 0 ? '' : `${badCount} bad`)
    },
  }
}

/** @throws ColloquyError `not_all_learned` where something was not, `nothing_to_learn` */
function report(out: Output, summary: LearnSummary, { json, tenant }: Options): void {
  const { files, learned, changed, unchanged, chunks, added, removed, bad, badCount } = summary
  if (json) out.json(summary)
  else {
    out.line(`${learned + changed + unchanged} sources of ${tenant}, ${chunks} chunks: ${learned} learned, ${changed} changed, ${unchanged} as before; ${
      added} chunks added, ${removed} removed`)
  }
  if (badCount > 0) {
    const listed = bad.map(({ file, line, problem }) => `  ${printable(file)}${line === undefined ? '' : `, line ${line}`}: ${printable(problem)}`)
    throw new ColloquyError('not_all_learned', [`${badCount} were not learned:`, ...listed, ...(badCount > bad.length ? [`  and ${badCount - bad.length} more`] : [])].join('\n'))
  }
  if (learned + changed + unchanged === 0) {
    throw new ColloquyError('nothing_to_learn', `nothing to learn was found in ${files === 0 ? 'there: no file of a kind that is known' : `${files} files`}; "colloquy learn --help" says what is`)
  }
}
