import pino from 'pino'
import { intentKind } from '../../actors/kinds/intents/intent-kind.ts'
import { intentsKind } from '../../actors/kinds/intents/intents-kind.ts'
import { teachDemoIntents } from '../../infra/demo/demo-intents.ts'
import { createSender } from '../../pipeline/producer/input-sender.ts'
import type { System } from './test-system.ts'

/** The kinds that hold sets: a system needs them to be taught. */
export const INTENT_KINDS = [intentsKind, intentKind]

/** Teaches a tenant the set of the demo, as the demo does. */
export async function teachDemoSet({ running }: System, tenant: string): Promise<void> {
  const sender = createSender(running.jetstream.nc)
  try {
    await teachDemoIntents(running, sender, tenant, pino({ level: 'silent' }), new AbortController().signal)
  } finally {
    await sender.close()
  }
}
