import type { ResolvedDeadLetter } from '../../schemas/record.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { isJetStreamError } from '../jetstream/jetstream-codes.ts'

/** Takes a letter out of DEAD that the log says has come to its end. May be done again; another letter in its place is left alone. */
export async function removeDeadLetter({ jsm }: JetStreamContext, { deadSeq, logSeq }: ResolvedDeadLetter): Promise<void> {
  const stored = await jsm.streams.getMessage('DEAD', { seq: deadSeq })
  if (stored === null || stored.header.get('Colloquy-Log-Seq') !== String(logSeq)) return
  try {
    await jsm.streams.deleteMessage('DEAD', deadSeq, false)
  } catch (error) {
    if (!isJetStreamError(error, 'noSuchSequence')) throw error
  }
}
