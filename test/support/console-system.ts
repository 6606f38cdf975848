import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Kind, kindsByName } from '../../actors/definition/define-kind.ts'
import { loadKinds } from '../../infra/app/load-kinds.ts'
import { consoleRoutes } from '../../infra/console/console-routes.ts'
import { loadSettings, type SettingName } from '../../infra/settings.ts'
import { viewOf } from '../../infra/web/kind-view.ts'
import { clientOf, type HttpClient } from './http-requests.ts'
import { settingsFor, silent, startSystem, type System, temporaryFolder } from './test-system.ts'

export const TOKEN = 'a-token-of-the-tests'

/** A system with the console. */
export interface ConsoleSystem {
  readonly system: System
  readonly url: string
  /** Requests with the token. */
  readonly get: HttpClient['get']
  readonly post: (path: string, body: unknown, headers?: Readonly<Record<string, string>>) => ReturnType<HttpClient['post']>
  stop(): Promise<void>
}

/** Starts a system whose `serve` has the console, as `colloquy up` does. */
export async function startConsole(more: Partial<Record<SettingName, string>> = {}, given?: readonly Kind[]): Promise<ConsoleSystem> {
  const folder = await temporaryFolder()
  const dataDir = join(folder, 'data')
  await mkdir(dataDir)
  const settings = { HTTP_TOKEN: TOKEN, ...more }
  const loaded = loadSettings({}, settingsFor(dataDir, settings))
  const kinds = given === undefined ? await loadKinds(loaded.settings) : kindsByName(given)
  const kindView = (name: string) => {
    const kind = kinds.get(name)
    return kind && viewOf(kind)
  }
  const moreRoutes = consoleRoutes({ ...loaded, kindView, log: silent })
  const system = await startSystem({ dataDir, settings, moreRoutes, kinds: [...kinds.values()] })
  const url = system.running.http?.url ?? ''
  const client = clientOf(url)
  const authorization = `Bearer ${TOKEN}`
  return {
    system,
    url,
    get: (path, init) => client.get(path, { ...init, headers: { authorization } }),
    post: (path, body, headers) => client.post(path, body, { authorization, ...headers }),
    async stop() {
      await system.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
