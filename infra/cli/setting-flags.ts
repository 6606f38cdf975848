import { type Command, Option } from 'commander'
import { type LoadedSettings, loadSettings, SETTING_NAMES, settingAbout, type SettingName } from '../settings.ts'

const GROUP = 'Settings (each is also a variable COLLOQUY_… in the environment; a flag overrides the variable):'

/** `NATS_PORT` → `--nats-port`. */
const flagOf = (name: SettingName): string => `--${name.toLowerCase().replaceAll('_', '-')}`

/** Makes every setting a flag, accepted before and after the command. */
export function addSettingFlags(program: Command): void {
  for (const name of SETTING_NAMES) {
    program.addOption(new Option(`${flagOf(name)} <value>`, settingAbout(name)).helpGroup(GROUP))
  }
}

/** Reads the settings from flags and environment. @throws ColloquyError `bad_setting` */
export function settingsOf(program: Command, environment: Readonly<Record<string, string | undefined>>): LoadedSettings {
  const flags: Partial<Record<SettingName, string>> = {}
  for (const option of program.options) {
    const name = SETTING_NAMES.find((known) => flagOf(known) === option.long)
    const value: unknown = program.getOptionValue(option.attributeName())
    if (name !== undefined && typeof value === 'string') flags[name] = value
  }
  return loadSettings(environment, flags)
}
