import { deadSubject } from '../../schemas/subjects.ts'
import type { ColloquyError } from '../../schemas/errors.ts'
import { headerText } from '../dispatcher/dead-letter-messages.ts'
import { publishWithRetry, type RetryDeps } from '../jetstream/publish-with-retry.ts'
import { pointId, type IndexText } from './index-changes.ts'

const REASON = 'embed_failed'

/** Puts a text that the model fails on into DEAD, once, so that the stage can go on. There is no input to be given again. */
export async function reportUnembeddable(deps: RetryDeps, text: IndexText, error: ColloquyError): Promise<void> {
  deps.log.warn({ tenant: text.tenant, kind: text.kind, actor: text.actor, seq: text.seq, err: error }, 'the embedding model fails on a text; it is in DEAD')
  await publishWithRetry(deps, deadSubject(REASON, { tenant: text.tenant, kind: text.kind, id: text.actor }), JSON.stringify({ source: text.source, text: text.text }), {
    msgId: `dead-${pointId(text, 0)}`,
    headers: { 'Colloquy-Log-Seq': String(text.seq), 'Colloquy-At': text.at, 'Colloquy-Reason': REASON, 'Colloquy-Error': headerText(error.message) },
  })
  deps.metrics.deadLetters.inc({ reason: REASON })
}
