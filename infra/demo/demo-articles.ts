import type { NatsConnection } from '@nats-io/transport-node'
import { loadArticles } from '../../actors/kinds/support/knowledge.ts'
import { chunkDocument } from '../../pipeline/ingest/chunking/chunk-document.ts'
import { createKnowledgeClient } from '../../pipeline/ingest/knowledge-client.ts'
import type { Sender } from '../../pipeline/producer/input-sender.ts'
import { pollUntil } from '../../pipeline/runtime/poll-until.ts'
import type { Running } from '../app/launch.ts'

/** Whoever asks before all of it is found gets answers from what is. */
const WAIT_MS = 30_000

/** Teaches a tenant the bundled articles, as `colloquy learn` would, and waits until they are found where this process can tell. */
export async function uploadArticles({ searchIndex: memory }: Running, nc: NatsConnection, sender: Sender, tenant: string, signal: AbortSignal): Promise<void> {
  const knowledge = await createKnowledgeClient({ nc, sender, tenant })
  const taught = await Promise.all(loadArticles().map(({ id, lang, title, text }) =>
    knowledge.upload({ source: id, lang, title, chunks: chunkDocument('text', text, title).chunks })))
  const chunks = taught.reduce((sum, source) => sum + source.chunks, 0)
  const timeout = AbortSignal.timeout(WAIT_MS)
  if (memory === undefined) return
  await pollUntil(async () => timeout.aborted || await memory.current().store.count(tenant, { in: 'knowledge' }) >= chunks || undefined, { signal })
}
