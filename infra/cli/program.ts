import { Command } from 'commander'
import packageJson from '../../package.json' with { type: 'json' }
import { asyncApiCommand } from './asyncapi.ts'
import { backupCommand } from './backup.ts'
import { checkCommand } from './check.ts'
import type { Cli } from './cli.ts'
import { configCommand } from './config.ts'
import { deadCommand } from './dead/dead.ts'
import { devCommand } from './dev.ts'
import { forgetCommand } from './forget.ts'
import { importCommand } from './import.ts'
import { kindsCommand } from './kinds.ts'
import { learnCommand } from './learn.ts'
import type { Output } from './output.ts'
import { publishCommand } from './publish.ts'
import { rebuildCommand } from './rebuild.ts'
import { questionsCommand } from './questions.ts'
import { reembedCommand } from './reembed.ts'
import { reportCommand } from './report.ts'
import { restoreCommand } from './restore.ts'
import { searchCommand } from './search.ts'
import { addSettingFlags, settingsOf } from './setting-flags.ts'
import { showCommand } from './show.ts'
import { sqlCommand } from './sql.ts'
import { statusCommand } from './status.ts'
import { tablesCommand } from './tables.ts'
import { tailCommand } from './tail.ts'
import { upCommand } from './up.ts'
import { verifyCommand } from './verify.ts'

const COMMANDS = [
  upCommand, devCommand, publishCommand, importCommand, tailCommand, showCommand, learnCommand, forgetCommand, searchCommand, statusCommand, sqlCommand, questionsCommand, reportCommand,
  tablesCommand, configCommand, asyncApiCommand, kindsCommand, checkCommand, deadCommand, verifyCommand, rebuildCommand, reembedCommand, backupCommand, restoreCommand,
]

const MORE = '\nEvery setting is a flag too: "colloquy --help" lists them, "colloquy config" shows what they are.'

/** The program `colloquy` with all its commands. */
export function createProgram(environment: Readonly<Record<string, string | undefined>>, out: Output): Command {
  const program = new Command('colloquy')
    .description(packageJson.description)
    .version(packageJson.version)
    .showHelpAfterError('(--help says more)')
  addSettingFlags(program)
  const cli: Cli = { out, settings: () => settingsOf(program, environment) }
  for (const create of COMMANDS) program.addCommand(create(cli).copyInheritedSettings(program))
  program.addHelpText('afterAll', ({ command }) => (command === program ? '' : MORE))
  return program
}
