import { existsSync, readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Settings } from '../settings.ts'

const FILE = 'desk-team'

/** The team whose desk gets what `support` hands over: the setting, else the one that the data folder remembers. Empty: no desk. */
export function deskTeamOf({ DESK_TEAM: team, DATA_DIR }: Pick<Settings, 'DESK_TEAM' | 'DATA_DIR'>): string {
  const file = join(DATA_DIR, FILE)
  return team ?? (existsSync(file) ? readFileSync(file, 'utf8').trim() : '')
}

/** Keeps a team in the data folder, so that every later start and every command decides as the first one did. */
export async function rememberDeskTeam(dataDir: string, team: string): Promise<void> {
  await mkdir(dataDir, { recursive: true })
  await writeFile(join(dataDir, FILE), `${team}\n`)
}
