import { setTimeout as delay } from 'node:timers/promises'
import { type ClickHouseClient, ClickHouseError } from '@clickhouse/client'
import type { KV } from '@nats-io/kv'
import type { Logger } from 'pino'
import { TYPED_VIEW_COMMENT, typedViews } from '../../schemas/typed-views.ts'
import { viewedKinds, watchRegister } from './kind-registry.ts'
import { withLock } from './tables-lock.ts'

export interface TypedViewDeps {
  readonly clickhouse: ClickHouseClient
  readonly kv: KV
  readonly log: Logger
}

/** Pause after an attempt that failed. */
const RETRY_MS = 5_000

/**
 * Makes the typed views of the registered kinds, and makes them again whenever a process registers or retires one: the processes that have
 * kinds need not have tables. Views that cannot be made later are logged and tried again.
 */
export async function startTypedViews(deps: TypedViewDeps): Promise<{ stop(): Promise<void> }> {
  const stopping = new AbortController()
  let isDue = false
  let working = Promise.resolve()
  const work = async (): Promise<void> => {
    while (isDue && !stopping.signal.aborted) {
      isDue = false
      await makeTypedViews(deps).catch(async (err: unknown) => {
        isDue = true
        deps.log.warn({ err, pauseMs: RETRY_MS }, 'could not make the typed views of the kinds; trying again')
        await delay(RETRY_MS, undefined, { signal: stopping.signal }).catch(() => undefined)
      })
    }
  }
  const watch = await watchRegister(deps.kv, () => {
    isDue = true
    working = working.then(work)
  })
  try {
    await makeTypedViews(deps)
  } catch (error) {
    watch.stop()
    throw error
  }
  return {
    async stop() {
      watch.stop()
      stopping.abort()
      await working
    },
  }
}

/**
 * Creates the typed views of the registered kinds that are missing or have changed, and drops those of other kinds. A view that ClickHouse
 * refuses is logged, and stays as it was: the others do not depend on it.
 */
export const makeTypedViews = ({ clickhouse, kv, log }: TypedViewDeps): Promise<void> =>
  withLock(kv, 'typed-views', async () => {
    const run = async (query: string, view: string, kind: string | undefined): Promise<void> => {
      try {
        await clickhouse.command({ query })
      } catch (error) {
        if (!(error instanceof ClickHouseError)) throw error
        log.warn(
          { view, kind, code: error.code, reason: error.message },
          `ClickHouse refuses the typed view ${view}${kind === undefined ? '' : ` of the kind ${kind}`}, which stays as it was: `
            + `${error.message}. All fields are in data_raw of events and in label_raw of actors`,
        )
      }
    }
    const wanted = typedViews(await viewedKinds(kv))
    const present = await presentViews(clickhouse)
    const names = new Set(wanted.map(({ name }) => name))
    const old = [...present].filter(([name, comment]) => comment.startsWith(TYPED_VIEW_COMMENT) && !names.has(name))
    for (const [name] of old) await run(`DROP VIEW IF EXISTS ${name}`, name, undefined)
    for (const { name, kind, comment, statement, renamed } of wanted) {
      const before = present.get(name)
      if (before === comment) continue
      if (before !== undefined && !before.startsWith(TYPED_VIEW_COMMENT)) {
        log.warn({ view: name }, `the view ${name} is not one that Colloquy made, so it stays, and the typed view of that name is not made`)
        continue
      }
      if (renamed !== undefined) log.info({ view: name }, `the typed view of ${renamed} is named ${name}, because its plain name is taken`)
      await run(statement, name, kind)
    }
  })

async function presentViews(clickhouse: ClickHouseClient): Promise<ReadonlyMap<string, string>> {
  const result = await clickhouse.query({
    query: "SELECT name, comment FROM system.tables WHERE database = currentDatabase() AND engine = 'View'",
    format: 'JSONEachRow',
  })
  return new Map((await result.json<{ name: string; comment: string }>()).map(({ name, comment }) => [name, comment]))
}
