import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { launch } from '../../infra/app/launch.ts'
import { loadKinds } from '../../infra/app/load-kinds.ts'
import type { Preset } from '../../infra/servers/models/presets.ts'
import { loadSettings, type SettingName } from '../../infra/settings.ts'
import { silent } from './test-system.ts'

/** What a process of its own gets, as JSON in its first argument. */
export interface IndexProcess {
  readonly settings: Partial<Record<SettingName, string>>
  readonly autoPreset: Preset
}

/** The module to run. */
export const INDEX_PROCESS = fileURLToPath(import.meta.url)

if (process.argv[1] !== undefined && existsSync(process.argv[1]) && process.argv[1] === INDEX_PROCESS) {
  const { settings: given, autoPreset } = JSON.parse(process.argv[2] ?? '') as IndexProcess
  const { settings } = loadSettings({}, given)
  const running = await launch(settings, await loadKinds(settings), silent, { autoPreset })
  process.once('SIGTERM', () => {
    void running.stop().then(() => process.exit(0))
  })
  process.stdout.write(`${running.http?.url ?? ''}\n`)
}
