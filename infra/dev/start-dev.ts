import { resolve } from 'node:path'
import type { Logger } from 'pino'
import { watchFiles } from '../../pipeline/runtime/file-watch.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import { addressesOf, announce } from '../app/connect-to-running.ts'
import { launch, type MoreRoutes, type Running } from '../app/launch.ts'
import type { LogStyle } from '../app/open-log.ts'
import type { StopTracker } from '../app/stop-tracker.ts'
import { threadSettings } from '../app/thread-settings.ts'
import { consoleRoutes } from '../console/console-routes.ts'
import { type LoadedSettings, type Role, ROLES, type Settings } from '../settings.ts'
import { addDevRoutes, PAGE_PATH } from './dev-routes.ts'
import { type Reloader, startReloader } from './reloader.ts'

const LOOPBACK = ['127.0.0.1', 'localhost', '::1']
/** Roles that run kinds or their effects. They restart with each save; the other roles and the servers keep running. */
const WORKER_ROLES: readonly Role[] = ['host', 'dispatch', 'tasks']
const OWN_ROLES: readonly Role[] = ['project', 'embed', 'train', 'judge', 'serve']

/** A system that reloads its kinds on each save. */
export interface DevSystem {
  readonly running: Running
  readonly reloader: Reloader
  /** Address of the page. */
  readonly url: string
  stop(): Promise<void>
}

/**
 * Starts servers, tables and the page in this process, and the kinds in another.
 *
 * @throws ColloquyError if a part cannot start; `dev_not_loopback` or `dev_needs_all_roles` if the settings do not allow it. Unusable
 * kinds are no error: log and page show the problem until the author fixes it.
 */
export async function startDev(
  { settings, effective }: LoadedSettings,
  logStyle: LogStyle,
  log: Logger,
  stops?: StopTracker,
): Promise<DevSystem> {
  checkSettings(settings)
  await using started = new AsyncDisposableStack()
  const startedAt = new Date().toISOString()
  const reloaderStarted = Promise.withResolvers<Reloader>()
  const addConsole = consoleRoutes({
    settings,
    effective,
    kindView: (name) => reloading?.status().kinds.find((kind) => kind.name === name),
    log,
  })
  const moreRoutes: MoreRoutes = (app, system) => {
    addDevRoutes(app, {
      ...system,
      reloader: reloaderStarted.promise,
      log,
      now: () => performance.now(),
      partitionCount: settings.PARTITIONS,
    })
    addConsole(app, system)
  }
  let reloading: Reloader | undefined
  const checks = { kinds: () => reloading?.health() ?? { ok: false, since: startedAt, detail: 'starting' } }
  const running = await launch({ ...settings, ROLES: OWN_ROLES }, new Map(), log, { moreRoutes, checks, ...(stops && { stops }) })
  started.defer(() => running.stop())
  const reloader = (reloading = startReloader({
    order: {
      type: 'load',
      settings: threadSettings({ ...settings, ROLES: WORKER_ROLES }, running),
      durability: running.durability,
      logStyle,
    },
    configFile: resolve(settings.CONFIG),
    watchFiles: (onSave) => watchFiles(onSave, log),
    log,
    now: () => new Date().toISOString(),
  }))
  reloaderStarted.resolve(reloader)
  started.defer(() => reloader.stop())
  const { withdraw } = await announce(settings.DATA_DIR, addressesOf(running))
  started.defer(withdraw)
  const stopping = started.move()
  return { running, reloader, url: `${running.http?.url ?? ''}${PAGE_PATH}`, stop: () => stopping.disposeAsync() }
}

function checkSettings({ HTTP_HOST, ROLES: roles }: Settings): void {
  if (!LOOPBACK.includes(HTTP_HOST)) {
    throw new ColloquyError(
      'dev_not_loopback',
      `COLLOQUY_HTTP_HOST is ${HTTP_HOST}, but only this machine may open its page: `
        + 'set it to 127.0.0.1, and use an SSH tunnel from other machines',
    )
  }
  if (ROLES.some((role) => !roles.includes(role))) {
    throw new ColloquyError('dev_needs_all_roles', `COLLOQUY_ROLES is ${roles.join(',')}; "colloquy dev" runs all of them: unset it`)
  }
}
