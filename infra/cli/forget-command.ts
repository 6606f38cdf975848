import { Command } from 'commander'
import { sourceOf } from '../../pipeline/ingest/find-files.ts'
import { createKnowledgeClient, type KnowledgeClient } from '../../pipeline/ingest/knowledge-client.ts'
import { createSender } from '../../pipeline/producer/input-sender.ts'
import { hasCode } from '../../schemas/errors.ts'
import { type CommandContext, JSON_FLAG, type JsonOption } from '../app/command-context.ts'
import { connectToRunningNats } from '../app/connect-to-running.ts'
import { wholeNumber } from '../app/number-arguments.ts'
import { waitUntilCaughtUp } from '../app/system-status.ts'
import { printable } from '../app/terminal-output.ts'
import { whileConnected } from '../app/while-connected.ts'
import { tokenArgument } from './arguments.ts'
import { WAIT_FLAGS } from './learn-command.ts'

interface Options extends JsonOption {
  readonly tenant: string
  readonly wait?: true
  readonly timeoutMs: number
}

export const forgetCommand = ({ out, settings }: CommandContext): Command =>
  new Command()
    .argument('<source...>', 'the source as search shows it: a path as it was given to "learn", or an id')
    .option('--tenant <tenant>', 'tenant that owns the knowledge', tokenArgument, 'default')
    .option('--wait', WAIT_FLAGS.wait)
    .option('--timeout-ms <ms>', 'with --wait: give up after this long', wholeNumber(1), WAIT_FLAGS.timeoutMs)
    .option(JSON_FLAG, 'one JSON object: {forgotten: [{source, chunks}]}')
    .addHelpText(
      'after',
      `
To list the sources: colloquy sql "SELECT label.source, label.chunks FROM actors WHERE kind = 'source' AND state = 'known'"`,
    )
    .action(async (sources: string[], options: Options) => {
      const { settings: effective } = settings()
      const nc = await connectToRunningNats(effective)
      try {
        const forgotten: { source: string; chunks: number }[] = []
        const limit = { again: 'some sources may not be forgotten: run the command again', onAway: out.note }
        await whileConnected(nc, limit, async (signal) => {
          const sender = createSender(nc, { onWait: (why) => out.note(`${why}; trying again`), signal })
          try {
            const knowledge = await createKnowledgeClient({ nc, sender, tenant: options.tenant })
            for (const source of sources) forgotten.push(await forget(knowledge, source))
          } finally {
            await sender.close()
          }
        })
        if (options.wait) await waitUntilCaughtUp(effective, options.timeoutMs, out.note)
        if (options.json) out.json({ forgotten })
        else for (const { source, chunks } of forgotten) out.line(`${printable(source)}: ${chunks} chunks`)
      } finally {
        await nc.close()
      }
    })

/** Forgets the source of this name. If there is none, treats the name as a path and normalises it as `learn` did. */
async function forget(knowledge: KnowledgeClient, given: string): Promise<{ source: string; chunks: number }> {
  try {
    return { source: given, chunks: await knowledge.forget(given) }
  } catch (error) {
    const source = sourceOf(given)
    if (!hasCode(error, 'no_such_source') || source === given) throw error
    return { source, chunks: await knowledge.forget(source) }
  }
}
