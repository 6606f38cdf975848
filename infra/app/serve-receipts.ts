import type { ClickHouseClient } from '@clickhouse/client'
import type { KV } from '@nats-io/kv'
import { dispatchedSeq } from '../../pipeline/dispatcher/dispatched-seq.ts'
import { createCheckpoints } from '../../pipeline/jetstream/checkpoints.ts'
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import type { Advise } from '../../pipeline/producer/advise.ts'
import type { DecisionFeed } from '../../pipeline/producer/decision-feed.ts'
import type { Durability } from '../../pipeline/producer/receipt.ts'
import { serveReceipts } from '../../pipeline/producer/receipt-service.ts'
import { createWaitFor } from '../../pipeline/producer/wait-for.ts'
import { projectedSeq } from '../../pipeline/projector/progress-mark.ts'
import type { Stage } from '../../pipeline/runtime/stage.ts'
import type { Role } from '../settings.ts'
import { askStatus } from './status-service.ts'

export interface ReceiptDeps {
  readonly jetstream: JetStreamContext
  readonly decisions: DecisionFeed
  readonly kv: KV
  /** `undefined` without tables, or while ClickHouse is waited for: the other processes are asked how far the tables are. */
  readonly client: () => ClickHouseClient | undefined
  readonly stages: ReadonlyMap<Role, Stage>
  readonly partitionCount: number
  readonly durability: Durability
  readonly advise: Advise
}

/** Starts completing the receipts of producers. */
export function startReceiptService(deps: ReceiptDeps): { stop(): void } {
  const { jetstream, kv, client, stages, durability, advise } = deps
  const checkpoints = createCheckpoints(kv, 'dispatch')
  const waitFor = createWaitFor({
    decisions: deps.decisions,
    partitionCount: deps.partitionCount,
    dispatchedSeq: (partition) => dispatchedSeq(stages.get('dispatch'), checkpoints, partition),
    projectedSeq() {
      const tables = client()
      return tables === undefined ? reportedSeq(jetstream) : projectedSeq(tables)
    },
  })
  return serveReceipts({ nc: jetstream.nc, waitFor, durability, advise })
}

/** LOG sequence up to which the tables are complete, as the processes report it; 0 if none does. */
async function reportedSeq({ nc }: JetStreamContext): Promise<number> {
  return Math.max(0, ...(await askStatus(nc)).map(({ stages }) => stages.project?.position ?? 0))
}
