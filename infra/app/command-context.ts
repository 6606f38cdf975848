import type { LoadedSettings } from '../settings.ts'
import type { Output } from './terminal-output.ts'

/** The environment of a command: its output and its settings. */
export interface CommandContext {
  readonly out: Output
  /** Reads the settings, with the command's flags. @throws ColloquyError `bad_setting` */
  settings(): LoadedSettings
}

/** The flag for output that programs read: one line of JSON, or several. */
export const JSON_FLAG = '--json'
export interface JsonOption {
  readonly json?: true
}
