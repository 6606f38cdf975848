import { Command } from 'commander'
import { scanDeadLetters } from '../../pipeline/dead-letters/dead-letters.ts'
import { UNEMBEDDABLE } from '../../pipeline/index-check/unembeddable.ts'
import { findFiles } from '../../pipeline/ingest/find-files.ts'
import { createKnowledgeClient } from '../../pipeline/ingest/knowledge-client.ts'
import { learnFiles, type LearnSummary } from '../../pipeline/ingest/learn-files.ts'
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import { streamInfo } from '../../pipeline/jetstream/stream-info.ts'
import { createSender } from '../../pipeline/producer/input-sender.ts'
import { counted } from '../../schemas/counted.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import { SOURCE_KIND } from '../../schemas/knowledge-events.ts'
import type { Tags } from '../../schemas/tags.ts'
import { type CommandContext, JSON_FLAG, type JsonOption } from '../app/command-context.ts'
import { connectToRunningNats, withJetStream } from '../app/connect-to-running.ts'
import { wholeNumber } from '../app/number-arguments.ts'
import { type Output, printable } from '../app/terminal-output.ts'
import { waitUntilTaken } from '../app/wait-until-taken.ts'
import { whileConnected } from '../app/while-connected.ts'
import { sourceTagsArgument, tokenArgument } from './arguments.ts'
import { type BytesBar, createBytesBar } from './bytes-bar.ts'

interface Options extends JsonOption {
  readonly tenant: string
  readonly tag?: Tags
  readonly wait?: true
  readonly timeoutMs: number
}

const RUN_AGAIN = 'some files are not learned yet: run the command again, which sends only what is missing'

export const WAIT_FLAGS = { wait: 'then wait until all stages have caught up', timeoutMs: 600_000 } as const

export const learnCommand = ({ out, settings }: CommandContext): Command =>
  new Command()
    .argument(
      '<path...>',
      'Markdown, text, HTML, code, CSV, PDF, DOCX, a notebook, or JSON lines {"id", "text", "title"?, "lang"?, "url"?, '
        + '"tags"?}; a folder stands for all such files in it',
    )
    .option('--tenant <tenant>', 'tenant that owns the knowledge', tokenArgument, 'default')
    .option('--tag <key=value>', 'tag of these sources, which searches filter by; repeat it for more', sourceTagsArgument)
    .option('--wait', `${WAIT_FLAGS.wait} and search finds what was learned`)
    .option('--timeout-ms <ms>', 'with --wait: give up after this long', wholeNumber(1), WAIT_FLAGS.timeoutMs)
    .option(
      JSON_FLAG,
      'the summary: {files, learned, changed, unchanged, chunks, added, removed, badCount, bad: [{file, line?, problem}], '
        + 'skippedCount, skipped: [{file, reason}], charsets}',
    )
    .addHelpText(
      'after',
      `
Each file is a source; its name is the path as you give it ("docs/faq.md"). Each JSON line is a source; its name is its id. If a source
changed, the command replaces only its changed chunks. It lists and skips invalid files and lines; the exit code is then 1.
A learn says all tags of its sources: without --tag they have none. A JSON line adds its own "tags": {"product": "otter"}.
In folders it skips hidden files and node_modules. It names the links and the files of other types that it skips.

Examples:
  colloquy learn docs README.md --tenant acme --wait
  colloquy learn docs/otter --tenant acme --tag product=otter --tag lang=zh
  colloquy search "退货" --tenant acme --in knowledge`,
    )
    .action(async (paths: string[], options: Options) => {
      const { settings: effective } = settings()
      let bytesTotal = 0
      for await (const found of findFiles(paths)) if ('bytes' in found) bytesTotal += found.bytes
      const deadBefore = options.wait ? await withJetStream(effective, ({ jsm }) => lastDead(jsm)) : 0
      const nc = await connectToRunningNats(effective)
      const progress = showProgress(out, bytesTotal)
      try {
        const limit = { again: RUN_AGAIN, onAway: progress.waits }
        const summary = await whileConnected(nc, limit, async (signal) => {
          const sender = createSender(nc, { onWait: progress.waits, signal })
          try {
            const knowledge = await createKnowledgeClient({ nc, sender, tenant: options.tenant })
            return await learnFiles(findFiles(paths), { knowledge, tags: options.tag, signal, onProgress: progress.update })
          } finally {
            await sender.close()
          }
        })
        progress.stop()
        if (options.wait) await waitUntilTaken(effective, { ...options, onWait: out.note })
        report(out, summary, options)
        if (options.wait) await withJetStream(effective, (jetstream) => refuseUnfound(jetstream, options.tenant, deadBefore))
      } finally {
        progress.stop()
        await nc.close()
      }
    })

const lastDead = async (jsm: JetStreamContext['jsm']): Promise<number> => (await streamInfo(jsm, 'DEAD')).state.last_seq

const UNFOUND_SHOWN_MAX = 10

/**
 * Tells which of the sources just learned search cannot find, since their chunks could not be embedded.
 *
 * @throws ColloquyError `not_all_learned`
 */
async function refuseUnfound(jetstream: JetStreamContext, tenant: string, deadBefore: number): Promise<void> {
  const unfound = new Map<string, string>()
  const letters = scanDeadLetters(jetstream, { reason: UNEMBEDDABLE, tenant, kind: SOURCE_KIND }, deadBefore + 1)
  for await (const { address, error } of letters) unfound.set(address.id, error)
  if (unfound.size === 0) return
  const listed = [...unfound].slice(0, UNFOUND_SHOWN_MAX).map(([source, error]) => `  ${printable(source)}: ${printable(error)}`)
  const more = unfound.size > listed.length ? [`  and ${unfound.size - listed.length} more; "colloquy dead ls" has all`] : []
  throw new ColloquyError(
    'not_all_learned',
    [`${counted(unfound.size, 'source')} of ${tenant} cannot be found by search:`, ...listed, ...more].join('\n'),
  )
}

function showProgress(out: Output, bytesTotal: number): Pick<BytesBar, 'waits' | 'stop'> & { update(summary: LearnSummary): void } {
  const bar = createBytesBar(out, bytesTotal, '{sources} sources │ {chunks} chunks │ {unchanged} unchanged')
  return {
    ...bar,
    update({ bytes, learned, changed, unchanged, chunks, badCount }) {
      bar.update(bytes, { sources: learned + changed + unchanged, chunks, unchanged }, badCount === 0 ? '' : `${badCount} bad`)
    },
  }
}

/** @throws ColloquyError `not_all_learned` if a file or line was not learned; `nothing_to_learn` */
function report(out: Output, summary: LearnSummary, { json, tenant }: Options): void {
  const { files, learned, changed, unchanged, chunks, added, removed, bad, badCount, charsets } = summary
  if (json) out.json(summary)
  else {
    const sources = `${learned + changed + unchanged} sources of ${tenant}, ${chunks} chunks`
    out.line(`${sources}: ${learned} learned, ${changed} changed, ${unchanged} unchanged; ${added} chunks added, ${removed} removed`)
    for (const [charset, count] of Object.entries(charsets)) out.line(`${counted(count, 'file')} read as ${printable(charset)}`)
  }
  tellSkipped(out, summary)
  if (badCount > 0) {
    const listed = bad.map(
      ({ file, line, problem }) => `  ${printable(file)}${line === undefined ? '' : `, line ${line}`}: ${printable(problem)}`,
    )
    const more = badCount > bad.length ? [`  and ${badCount - bad.length} more`] : []
    throw new ColloquyError(
      'not_all_learned',
      [`${badCount === 1 ? '1 file or line' : `${badCount} files or lines`} not learned:`, ...listed, ...more].join('\n'),
    )
  }
  if (learned + changed + unchanged === 0) {
    const where = files === 0 ? 'there is no file of a supported type' : `${counted(files, 'file')} without text to learn`
    throw new ColloquyError('nothing_to_learn', `${where}; "colloquy learn --help" lists the types`)
  }
}

const SKIPPED_SHOWN_MAX = 10

/** Names skipped files where people read them; they are no failure. */
function tellSkipped(out: Output, { skipped, skippedCount }: LearnSummary): void {
  if (skippedCount === 0) return
  const shown = skipped.slice(0, SKIPPED_SHOWN_MAX).map(({ file, reason }) => `${printable(file)} (${reason})`)
  const more = skippedCount > shown.length ? `, and ${skippedCount - shown.length} more; --json lists the first ${skipped.length}` : ''
  out.note(`skipped: ${shown.join(', ')}${more}`)
}
