/** What `--help` and the manual say besides the options. */

/** A command line, and what it does. */
export type Example = readonly [line: string, does: string];

export const EXAMPLES: Readonly<Record<string, readonly Example[]>> = {
  get: [
    ['sluice get https://example.com/a.jpg', 'into the folder downloads'],
    ['sluice get -i urls.txt -d photos -m 64', 'a list, 64 requests at once; the same again goes on'],
    ['sluice get -i photos.csv --url-column link --name-column id', 'URLs and names of a table'],
    ['sluice get -i urls.txt --rate-per-host 2/s --respect-robots', 'as a good citizen'],
    ['sluice get -i urls.txt -d photos --dry-run', 'what would be fetched, and what is there'],
  ],
  adopt: [
    ['sluice adopt photos -i urls.txt', 'files of wget -i or aria2c -i, by the list that they come from'],
    ['sluice adopt mirror -i urls.txt -x', 'those of wget -x --restrict-file-names=windows'],
  ],
  plan: [['sluice plan -i urls.parquet -d /mnt/nas/photos', 'shards of 10,000 rows each']],
  work: [
    ['sluice work /mnt/nas/photos -m 64', 'on each machine that sees the plan'],
    ['sluice work /mnt/nas/photos --shard 0/4', 'a quarter of it'],
  ],
  status: [['sluice status photos', 'also while a run is going on']],
  export: [
    ['sluice export photos -o photos.parquet', 'a row for each row of the lists'],
    ['sluice export photos --format aria2 -o left.aria2', 'what is left, for aria2c -i'],
  ],
  retry: [['sluice retry photos -m 8', 'what failed, with the names that it had']],
  verify: [
    ['sluice verify photos', 'size and checksum of all that is stored'],
    ['sluice verify photos --repair', 'and what is wrong is fetched again'],
  ],
  flags: [
    ['sluice flags', 'those of the 20 most populous countries'],
    ['sluice flags --all -m 100', 'all 194'],
  ],
  serve: [['sluice serve', 'on the ports 8001, 8002 and 8003']],
  bench: [['sluice bench --directory /mnt/nas/test', 'what the pool gains on that storage']],
  completion: [
    ['source <(sluice completion bash)', 'in ~/.bashrc'],
    ['source <(sluice completion zsh)', 'in ~/.zshrc, after compinit'],
    ['sluice completion fish > ~/.config/fish/completions/sluice.fish', 'once'],
  ],
};

/** What values look like, by what stands for them in the flags that a command has. */
export const UNITS: Readonly<Record<string, string>> = {
  SIZE: 'bytes, or with a unit: 500k, 2M, 1G are powers of 1,024, and so are KiB, MiB; kB, MB, GB are powers of 1,000',
  SECONDS: 'seconds, with a fraction if you like: 0.5, 90',
  'N/s': 'requests in a time: 2/s, 90/m, 1000/h',
  COLUMN: 'a column of the list, by its name or its number from 1',
  TEMPLATE:
    '{host}, {path}, {basename}, {stem}, {ext}, {query}, {index}, {index:06}, {hash}, {column:NAME}; / makes folders',
};

type Statuses = Readonly<Record<string, string>>;

/** By the exit status, of commands that download. */
const DOWNLOADS: Statuses = {
  '0': 'all is there, but for what was left out since somebody disallows it',
  '1': 'some failed; a 404 is a failure. Or what was to be told is not whole',
  '2': 'usage: an option, an argument or a list is wrong, and nothing was requested',
  '3': 'the storage stopped the run: full, read-only',
  '4': 'another run is storing in the destination',
  '130, 143': 'interrupted by Ctrl-C, terminated; the same command again goes on',
};

/** By command, and the status. */
export const STATUSES: Readonly<Record<string, Statuses>> = {
  get: DOWNLOADS,
  retry: DOWNLOADS,
  work: {
    ...DOWNLOADS,
    '0': 'its part of the plan is done, and all rows are there',
    '1': 'a row or a shard failed, or the queue is gone',
    '2': 'usage, or there is no plan, or the queue cannot be had',
  },
  verify: {
    ...DOWNLOADS,
    '0': 'all is as it was stored; with --repair, all is so again',
    '1': 'something is missing or not what was stored; with --repair, and could not be had again',
    '2': 'usage, or no run has stored anything there',
  },
  adopt: {
    '0': 'all rows were URLs, whether their files are there or not',
    '1': 'a row is no URL',
    '2': 'usage, or no row is a URL',
    '3': 'the storage stopped it',
    '4': 'a run is storing there',
  },
  plan: {
    '0': 'the plan is there, and so it was if it is the same',
    '2': 'usage, a list cannot be read, or another plan or files are there',
    '3': 'the storage stopped it',
    '130, 143': 'interrupted by Ctrl-C, terminated; the same command again makes the plan',
  },
  status: {
    '0': 'all that is known is stored or left out, and the lists were gone through',
    '1': 'something failed or is not finished',
    '2': 'usage, or no run has stored anything there',
  },
  export: {
    '0': 'all that is known is written',
    '1': 'what became of some rows is not known, or standard output is not whole',
    '2': 'usage, or no run has stored anything there',
  },
  flags: {
    '0': 'all flags that there are were downloaded',
    '1': 'a flag failed',
    '2': 'usage',
    '3': 'the storage stopped the run',
    '4': 'another run is storing in the destination',
    '130, 143': 'interrupted by Ctrl-C, terminated',
  },
  serve: {
    '2': 'usage, or a port is taken',
    '130, 143': 'ended by Ctrl-C, terminated',
  },
  bench: {
    '0': 'it was measured',
    '1': 'a report is not whole',
    '2': 'usage',
    '3': 'the storage failed',
    '130, 143': 'interrupted by Ctrl-C, terminated; what was stored is removed',
  },
  completion: { '0': 'it was printed', '2': 'there is none for that shell' },
};

/** By the variable, of all commands. */
export const COMMON: Readonly<Record<string, string>> = {
  NO_COLOR: 'no colours, if it says anything',
  FORCE_COLOR: 'colours, wherever lines go; 0 for none. --color counts for more than both',
  NODE_DISABLE_COMPILE_CACHE: 'set: keep nothing of the program for its next start',
};

/** By the variable, of those that download. */
export const ENVIRONMENT: Readonly<Record<string, string>> = {
  'http_proxy, https_proxy, all_proxy, no_proxy': 'proxies, as curl reads them',
  NETRC: 'where --netrc finds users and passwords, in the place of ~/.netrc',
  NODE_EXTRA_CA_CERTS: 'authorities to trust besides the usual ones',
  UV_THREADPOOL_SIZE: 'threads that wait for storage (68 without it)',
};
