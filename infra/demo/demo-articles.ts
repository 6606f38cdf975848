import type { NatsConnection } from '@nats-io/transport-node'
import { loadArticles } from '../../actors/kinds/support/knowledge.ts'
import { chunkDocument } from '../../pipeline/ingest/chunking/chunk-document.ts'
import { createKnowledgeClient } from '../../pipeline/ingest/knowledge-client.ts'
import type { Sender } from '../../pipeline/producer/input-sender.ts'
import { pollUntil } from '../../pipeline/runtime/poll-until.ts'
import type { Running } from '../app/launch.ts'

/** Max wait for the search index. After it the demo goes on, and answers use only the articles that are indexed by then. */
const WAIT_MS = 30_000

/** Uploads the bundled articles as `colloquy learn` does. If this process has the search index, waits until it has them. */
export async function uploadArticles(
  { searchIndex }: Running,
  nc: NatsConnection,
  sender: Sender,
  tenant: string,
  signal: AbortSignal,
): Promise<void> {
  const knowledge = await createKnowledgeClient({ nc, sender, tenant })
  const uploaded = await Promise.all(
    loadArticles().map(({ id, lang, title, text }) =>
      knowledge.upload({ source: id, lang, title, chunks: chunkDocument('text', text, title).chunks }),
    ),
  )
  const chunks = uploaded.reduce((sum, source) => sum + source.chunks, 0)
  const timeout = AbortSignal.timeout(WAIT_MS)
  if (searchIndex === undefined) return
  const isIndexed = async (): Promise<boolean> => (await searchIndex.current().store.count(tenant, { in: 'knowledge' })) >= chunks
  await pollUntil(async () => timeout.aborted || (await isIndexed()) || undefined, { signal })
}
