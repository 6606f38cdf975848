import type { Checkpoints } from './checkpoints.ts'
import type { JetStreamContext } from './connection.ts'
import type { StreamPosition } from './position-history.ts'
import { streamInfo } from './stream-info.ts'

/**
 * Stores the end of LOG as the checkpoint of a reader that is new to it: what is there already is not its work. An empty log is read from
 * its start, also after a crash.
 */
export async function startAtEnd(
  { jsm }: Pick<JetStreamContext, 'jsm'>,
  checkpoints: Checkpoints,
  key: number,
): Promise<readonly StreamPosition[]> {
  const { created, state } = await streamInfo(jsm, 'LOG')
  const last = state.last_seq === 0 ? null : await jsm.streams.getMessage('LOG', { seq: state.last_seq })
  const history = last === null ? [] : [{ created, seq: last.seq, ts: last.time.toISOString() }]
  await checkpoints.save(key, history)
  return history
}
