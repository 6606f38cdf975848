import type { ErrorTexts } from './error-text.ts'

const DEAD = '`colloquy dead`'
const BACKUP = '`colloquy restore`, `backup`'

/** Codes of commands on a running system and of backups. */
export const COMMAND_ERRORS = {
  no_such_answer: {
    meaning: 'There is no such answer to review.',
    cause: 'The id is misspelt, or the list has changed: another score, another limit, or the answer was judged again.',
    remedy: 'List the answers again, and name one of them.',
    where: '`colloquy review --answers`',
  },
  no_such_kind: {
    meaning: 'There is no kind of this name, or the tenant has no record of it.',
    cause: 'The name is misspelt, the kind is not in use and not in `COLLOQUY_CONFIG`, or none of its actors has decided anything yet.',
    remedy: 'Use a name of the list in the message, or one that `colloquy kinds` lists.',
    where: '`colloquy kinds`, `recorded`, `import`, `questions`, `report`',
  },
  no_tenant_settings: {
    meaning: 'The settings of tenants cannot be read.',
    cause: 'A kind of `COLLOQUY_CONFIG` has the name `tenant`, which the built-in kind with the settings needs.',
    remedy: 'Rename that kind.',
    where: '`colloquy tenant`, tasks, `POST /v1/understand`',
  },
  bad_tenant_setting: {
    meaning: 'A tenant cannot have this setting.',
    cause: 'The value does not fit the setting. The message says what it must be.',
    remedy: 'Correct the value; `colloquy tenant set --help` lists the settings.',
    where: '`colloquy tenant set`',
  },
  kind_in_use: {
    meaning: 'The kind has actors with pending tasks or timers.',
    cause: 'Without the kind, no process could handle the outcomes of these tasks and timers.',
    remedy: 'Wait until they end, or give `--force`, which leaves them without an outcome.',
    where: '`colloquy kinds --retire`',
  },
  no_such_code: {
    meaning: 'No error of Colloquy has this code.',
    cause: 'The code is misspelt, or it comes from a task, Node, NATS or ClickHouse.',
    remedy: 'Use a code from this page, or look in the documentation of the program that the message names.',
    where: '`colloquy errors`',
  },
  bad_actor: {
    meaning: 'The text names no actor.',
    cause: 'It is not of the form `tenant/kind/id`.',
    remedy: 'Write `tenant/kind/id`, or `kind/id` of the tenant `default`.',
    where: '`recorded` of `colloquy/test`',
  },
  long_history: {
    meaning: 'The actor has too many records, or too large ones, to be read at once.',
    cause: '`recorded` keeps all records of an actor in memory.',
    remedy: 'Use `colloquy check --tenant <tenant> --kind <kind>`, which handles any number of records.',
    where: '`recorded` of `colloquy/test`',
  },
  not_level: {
    meaning: 'The stages did not catch up in time.',
    cause: 'Inputs keep coming, a stage is slow, or it does not run. The message names the stages that are behind.',
    remedy: 'Wait longer (`--timeout-ms`), stop the producers, or start processes with the roles that are behind.',
    where: '`colloquy status --wait`, `learn --wait`, `import --wait`, `npm run bench`',
  },
  no_data: {
    meaning: 'The command has no input to publish.',
    cause: 'The third argument and `--file` are missing.',
    remedy: 'Give the JSON as the third argument, or its file with `--file`.',
    where: '`colloquy publish`',
  },
  bad_file: {
    meaning: 'A file of lines cannot be read.',
    cause: 'It does not exist, or may not be read.',
    remedy: 'Correct the path or its rights.',
    where: '`colloquy import`, `learn`',
  },
  bad_lines: {
    meaning: 'Some conversations were not imported. All others were.',
    cause: 'They do not have the expected form. The message lists each by its line, or its place in the array, with its problem.',
    remedy: 'Correct them and run the command again. It does not import a turn twice.',
    where: '`colloquy import`',
  },
  wrong_lines: {
    meaning: 'Lines of a file of events cannot be sent. Nothing was sent, or all others with `--skip-wrong`.',
    cause: 'They are no JSON, lack a field, or have data that the kind refuses. The message lists each with its line, column and problem.',
    remedy:
      'Correct them and run the command again; or send the others with `--skip-wrong`, and the corrected ones in a file of their own.',
    where: '`colloquy import --events`',
  },
  changed_file: {
    meaning: 'The file of events was changed where it had been sent already. Nothing was sent.',
    cause: 'Lines are recognised by their number. Lines were changed, inserted or removed; only lines at the end may be added.',
    remedy: 'Put new lines at the end, or into a file of their own. `--source <name>` sends the whole file as another one.',
    where: '`colloquy import --events`',
  },
  no_conversations: {
    meaning: 'The file has no conversation that can be read. Nothing was imported.',
    cause: 'It has another format, or is damaged. The message names the first problem.',
    remedy: 'Give a file in one of the formats that `colloquy import --help` lists.',
    where: '`colloquy import`',
  },
  nats_away: {
    meaning: 'The NATS server went away while the command published: it did not answer a request, or did not come back within 60 seconds.',
    cause: 'Colloquy or its NATS server has stopped, or the network is cut.',
    remedy: 'Start it again (`colloquy up`), and run the command again. It adds only what is missing.',
    where: '`colloquy import`, `learn`, `forget`',
  },
  import_lock_lost: {
    meaning: 'The import ended before its file did, since another import into the same tenant and kind has started.',
    cause:
      'One import at a time adds turns to the actors of a tenant and kind. This process stood still, or was cut off from NATS, for more '
      + 'than 6 seconds, so that the import that waited for it took it for dead.',
    remedy: 'Run the command again when the other import has ended. It adds only what is missing.',
    where: '`colloquy import`',
  },
  changed_turns: {
    meaning: 'Some turns were left out. All others were imported.',
    cause:
      'The conversation was imported before, and these turns now have another text or another time. Records do not change. The '
      + 'message lists them with both.',
    remedy:
      'Nothing, if the recorded text is good enough. If they are other turns, give each turn of the file its `time` or `id`, which tells '
      + 'them apart, and run the command again.',
    where: '`colloquy import`',
  },
  rejected_turns: {
    meaning: 'Some imported inputs were rejected.',
    cause: 'The kind refuses their data, or has ended. Each is a dead letter with its reason.',
    remedy: 'Look at them with `colloquy dead ls`, correct the kind or the file, and import it again.',
    where: '`colloquy import --wait`',
  },
  no_such_letter: {
    meaning: 'There is no dead letter of this sequence.',
    cause: 'It was redriven or dropped, or never existed.',
    remedy: 'Use a sequence that `colloquy dead ls --each` lists.',
    where: DEAD,
  },
  which_letters: {
    meaning: 'The command does not select dead letters, or selects them in two ways.',
    cause: 'It needs exactly one of: sequences, flags such as `--reason`, or `--all`.',
    remedy: 'Give one of them.',
    where: '`colloquy dead redrive`, `drop`',
  },
  not_all_done: {
    meaning: 'Some dead letters were not resolved, or their outcome is unknown.',
    cause: 'They were refused, or their record did not appear in time. The output line of each one says why.',
    remedy: 'Follow the advice in the lines, and run the command again. Resolved dead letters stay resolved.',
    where: '`colloquy dead redrive`, `drop`',
  },
  gone: {
    meaning: 'The dead letter is no longer there.',
    cause: 'Another command redrove or dropped it.',
    remedy: 'Nothing. `colloquy dead ls --each` lists the remaining dead letters.',
    where: 'a line of `colloquy dead redrive`, `drop`',
  },
  not_redrivable: {
    meaning: 'Redriving does not help this dead letter.',
    cause: 'It is the failure of a task, names no actor, or has only the beginning of its payload.',
    remedy: 'Follow the line: start the task again with an event, publish the payload elsewhere, or let its producer send it again.',
    where: 'a line of `colloquy dead redrive`',
  },
  no_record: {
    meaning: 'The log no longer has the record of the dead letter.',
    cause: 'LOG was restored to an older state. The input may have been decided again.',
    remedy: 'Look at it with `colloquy dead show <seq>`, publish its payload again if it is missing, and run `nats stream rmm DEAD <seq>`.',
    where: 'a line of `colloquy dead redrive`, `drop`',
  },
  no_backup: {
    meaning: 'The folder has no finished backup.',
    cause: 'The path is wrong, or the first backup into it was interrupted.',
    remedy: 'Correct the path, or run `colloquy backup` into it until it ends.',
    where: '`colloquy restore`',
  },
  bad_backup: {
    meaning: 'The backup cannot be used.',
    cause: 'A file is missing or damaged, or a newer Colloquy wrote it.',
    remedy: 'Use another copy of the folder, or a newer Colloquy if the message says so.',
    where: BACKUP,
  },
  other_log: {
    meaning: 'The folder contains the backup of another log.',
    cause: 'The streams were recreated since the backup, or the folder belongs to another system.',
    remedy: 'Give another folder.',
    where: '`colloquy backup`',
  },
  tail_lost: {
    meaning: 'The log lost records that the backup has.',
    cause: 'LOG was restored to an older state, or lost its last messages in a crash.',
    remedy: 'Keep the folder, which has the lost records. Give another folder for new backups.',
    where: '`colloquy backup`',
  },
  backup_given_up: {
    meaning: 'The backup was stopped. The folder has what it had before.',
    cause: 'Somebody pressed Ctrl-C, or the process was told to stop.',
    remedy: 'Run `colloquy backup` again.',
    where: '`colloquy backup`',
  },
  system_running: {
    meaning: 'Colloquy runs on the system that is to be restored.',
    cause: 'The message lists the processes that answer on this NATS.',
    remedy: 'Stop them, and restore into an empty system.',
    where: '`colloquy restore`',
  },
  not_empty: {
    meaning: 'The system that is to be restored is not empty.',
    cause: 'It has streams or tables. The message names one.',
    remedy: 'Set `COLLOQUY_DATA_DIR` to an empty folder, or `COLLOQUY_NATS_URL` and `COLLOQUY_CLICKHOUSE_URL` to empty servers.',
    where: '`colloquy restore`',
  },
  restore_failed: {
    meaning: 'A stream refused a message of the backup.',
    cause: 'NATS has no storage left, or another process writes to the stream.',
    remedy: 'Raise `COLLOQUY_STORAGE_BYTES_MAX` or stop the other process, and run `colloquy restore` again.',
    where: '`colloquy restore`',
  },
  actor_ended: {
    meaning: 'The actor cannot be cancelled, because it has ended.',
    cause: 'Its machine is in a final state, its machine failed, or somebody has cancelled it.',
    remedy: 'Nothing is to be done. `colloquy show` has how it ended, and `colloquy reset` opens it again.',
    where: '`colloquy cancel`',
  },
  actor_not_changed: {
    meaning: 'A reset or a cancel was published, and no record of it appeared in time.',
    cause: 'No host has the actor now, hosts are busy, or they are of an earlier version, which ignores it.',
    remedy: 'See `colloquy status`, upgrade all processes, and repeat the command with the id of the message.',
    where: '`colloquy reset`, `colloquy cancel`',
  },
  bad_schedule: {
    meaning: 'There is no such calendar. Nothing was set.',
    cause: 'The pattern is no cron, is never due or is due more often than once a minute, or there is no such time zone.',
    remedy: 'Correct what the message names. `colloquy schedule add --help` has examples.',
    where: '`colloquy schedule`',
  },
  no_schedule: {
    meaning: 'The tenant has no schedule of this name.',
    cause: 'The name is misspelt, the schedule is of another tenant, or it is removed already.',
    remedy: 'List the schedules with `colloquy schedule ls --tenant <tenant>`.',
    where: '`colloquy schedule`',
  },
  no_schedules: {
    meaning: 'The kind `schedule` of this system is not the one that is built in.',
    cause: 'The module of `COLLOQUY_CONFIG` has a kind of this name.',
    remedy: 'Give that kind another name.',
    where: '`colloquy schedule`',
  },
  too_many_schedules: {
    meaning: 'The tenant has as many schedules as a tenant may have.',
    cause: 'Each schedule is an actor with a wake-up of its own.',
    remedy: 'Remove schedules, or let one input do the work of several.',
    where: '`colloquy schedule`',
  },
  schedule_not_changed: {
    meaning: 'The schedule did not change in time.',
    cause: 'No host has its actor now, or it refused the input.',
    remedy: 'See `colloquy status`, and `colloquy dead ls --tenant <tenant>` for a refused input. Repeat the command.',
    where: '`colloquy schedule`',
  },
  folder_not_empty: {
    meaning: 'The folder for a new project is not empty. Nothing was written.',
    cause: 'It has a file or a folder, which the message names. A `.git` alone does not count.',
    remedy: 'Give the name of a new folder.',
    where: '`colloquy init`',
  },
} as const satisfies ErrorTexts
