import type { ColloquyError } from '../../schemas/errors.ts'
import { deadSubject } from '../../schemas/subjects.ts'
import { headerText } from '../dispatcher/dead-letter-messages.ts'
import { publishWithRetry, type RetryDeps } from '../jetstream/publish-with-retry.ts'
import { type IndexText, pointId } from './index-changes.ts'

const REASON = 'embed_failed'

/**
 * Publishes a text that the embedding model fails on to DEAD, so that the stage can continue. Repeated calls publish one message. The dead
 * letter has no input, so it cannot be redriven.
 */
export async function reportUnembeddable(deps: RetryDeps, text: IndexText, error: ColloquyError): Promise<void> {
  const { tenant, kind, actor, seq, source } = text
  deps.log.warn({ tenant, kind, actor, seq, err: error }, 'the embedding model failed on a text; publishing it to DEAD and skipping it')
  const payload = JSON.stringify({ source, text: text.text })
  await publishWithRetry(deps, deadSubject(REASON, { tenant, kind, id: actor }), payload, {
    msgId: `dead-${pointId(text, 0)}`,
    headers: {
      'Colloquy-Log-Seq': String(seq), 'Colloquy-At': text.at, 'Colloquy-Reason': REASON, 'Colloquy-Error': headerText(error.message),
    },
  })
  deps.metrics.deadLetters.inc({ reason: REASON })
}
