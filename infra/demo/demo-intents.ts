import { fileURLToPath } from 'node:url'
import type { Logger } from 'pino'
import { byIntent, readExampleFile } from '../../pipeline/ingest/intents/example-file.ts'
import { teachIntents } from '../../pipeline/ingest/intents/intents-client.ts'
import type { Sender } from '../../pipeline/producer/input-sender.ts'
import { pollUntil } from '../../pipeline/runtime/poll-until.ts'
import { openTrainedModels } from '../../pipeline/understanding/training/trained-models.ts'
import type { Running } from '../app/launch.ts'

const FILE = fileURLToPath(new URL('intents.jsonl', import.meta.url))
const SET = 'main'
/** Max wait for the trainer, which takes some seconds. After it the demo goes on, and messages are understood by their acts until then. */
const WAIT_MS = 30_000

/** Teaches the bundled examples as `colloquy intents teach` does. If this process has the role `train`, waits until they are trained. */
export async function teachDemoIntents(
  { jetstream, durability, searchIndex, stages }: Running,
  sender: Sender,
  tenant: string,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  const { examples } = await readExampleFile(FILE)
  const { intents } = await teachIntents({ jetstream, sender }, { tenant, set: SET }, byIntent(examples), { signal })
  log.info({ intents, examples: examples.length }, 'the intents of the demo are taught')
  if (!stages.has('train') || searchIndex === undefined) return
  const models = await openTrainedModels(jetstream, durability.replicas)
  const timeout = AbortSignal.timeout(WAIT_MS)
  const isTrained = async (): Promise<boolean> => {
    const { kind, fingerprint } = searchIndex.current().embedder
    return (await models.versionsOf({ tenant, set: SET }, kind === 'semantic' ? fingerprint : null)).length > 0
  }
  await pollUntil(async () => timeout.aborted || (await isTrained()) || undefined, { signal })
}
