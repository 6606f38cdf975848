import type { Command } from 'commander'
import type { IntentsClientDeps, Taught } from '../../../pipeline/ingest/intents/intents-client.ts'
import { createSender } from '../../../pipeline/producer/input-sender.ts'
import type { SetName } from '../../../pipeline/understanding/taught/taught-set.ts'
import { counted } from '../../../schemas/counted.ts'
import { type CommandContext, JSON_FLAG, type JsonOption } from '../../app/command-context.ts'
import { withJetStream } from '../../app/connect-to-running.ts'
import type { Output } from '../../app/terminal-output.ts'
import { whileConnected } from '../../app/while-connected.ts'
import { setArgument, tokenArgument } from '../arguments.ts'
import { createProgressBar } from '../progress-bar.ts'

export interface SetOptions extends JsonOption, SetName {}

/** Adds the flags that name a set of intents. */
export const withSet = (command: Command, json: string): Command =>
  command
    .option('--tenant <tenant>', 'tenant of the set', tokenArgument, 'default')
    .option('--set <set>', 'name of the set', setArgument, 'main')
    .option(JSON_FLAG, json)

export const TAUGHT_JSON = 'one JSON object: {outcome, version, intents, examples, added, removed}'

/** What a revision needs: the clients, and how its progress is shown. */
export interface Revising {
  readonly deps: IntentsClientDeps
  readonly options: { readonly signal: AbortSignal; readonly onProgress: (done: number, total: number) => void }
}

/** Makes a revision of a set and prints its result. */
export async function revise(
  { out, settings }: CommandContext,
  options: SetOptions,
  work: (revising: Revising) => Promise<Taught>,
): Promise<void> {
  const taught = await withJetStream(settings().settings, async (jetstream) => {
    const bar = createProgressBar(out)
    try {
      const limit = { again: 'run the command again, which sends only what is missing', onAway: bar.waits }
      return await whileConnected(jetstream.nc, limit, async (signal) => {
        const sender = createSender(jetstream.nc, { onWait: bar.waits, signal })
        try {
          return await work({ deps: { jetstream, sender }, options: { signal, onProgress: bar.update } })
        } finally {
          await sender.close()
        }
      })
    } finally {
      bar.stop()
    }
  })
  report(out, options, taught)
}

function report(out: Output, { tenant, set, json }: SetOptions, taught: Taught): void {
  if (json) return out.json(taught)
  const { outcome, version, intents, examples, added, removed } = taught
  const has = `${counted(intents, 'intent')}, ${counted(examples, 'example')}`
  if (outcome === 'unchanged') return out.line(`set "${set}" of ${tenant} is unchanged: version ${version}, ${has}`)
  return out.line(`set "${set}" of ${tenant} has version ${version}: ${has}; ${added} added, ${removed} removed`)
}
