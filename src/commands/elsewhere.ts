/** Options of other programs that this one does not know: which one does it here. Loaded when one was given. */

/** By option: whose it is, and what is said of it. */
const KNOWN: Readonly<Record<string, readonly [whose: string, here: string]>> = {
  '-j': ["aria2's", 'is --max-requests here'],
  '--max-concurrent-downloads': ["aria2's", 'is --max-requests here'],
  '--parallel-max': ["curl's", 'is --max-requests here'],
  '--max-threads': ["wget2's", 'is --max-requests here'],
  '--transfers': ["rclone's", 'is --max-requests here'],
  '--thread_count': ["img2dataset's", 'is --max-requests here'],
  '--processes_count': ["img2dataset's", 'is --workers here, and finds itself'],
  '--parallel-max-host': ["curl's", 'is --max-requests-per-host here'],
  '-P': ["wget's", 'is --directory here'],
  '--directory-prefix': ["wget's", 'is --directory here'],
  '--dir': ["aria2's", 'is --directory here'],
  '--output-dir': ["curl's", 'is --directory here'],
  '--output_folder': ["img2dataset's", 'is --directory here'],
  '--url_list': ["img2dataset's", 'is --input-file here'],
  '--input_format': ["img2dataset's", 'is --input-format here'],
  '--url_col': ["img2dataset's", 'is --url-column here'],
  '--save_additional_columns': ["img2dataset's", 'is --keep-columns here'],
  '--compute_hash': ["img2dataset's", 'is --compute-hash here'],
  '-c': ["wget's and aria2's", 'is not needed here: the same command goes on where it was stopped'],
  '--continue': ["wget's and aria2's", 'is not needed here: the same command goes on where it was stopped'],
  '-C': ["curl's", 'is not needed here: the same command goes on where it was stopped'],
  '-Z': ["curl's", 'is not needed here: see --max-requests'],
  '--parallel': ["curl's", 'is not needed here: see --max-requests'],
  '-L': ["curl's", 'is not needed here: redirects are followed'],
  '--location': ["curl's", 'is not needed here: redirects are followed'],
  '-f': ["curl's", 'is not needed here: answers such as 404 are failures'],
  '--fail': ["curl's", 'is not needed here: answers such as 404 are failures'],
  '-s': ["curl's", 'is --quiet here'],
  '--silent': ["curl's", 'is --quiet here'],
  '-o': ["curl's and aria2's", 'is a name in a list here (URL, a tab, the name), or --name'],
  '--output': ["curl's", 'is a name in a list here (URL, a tab, the name), or --name'],
  '--out': ["aria2's", 'is a name in a list here (URL, a tab, the name), or --name'],
  '-O': ["wget's and curl's", 'is a name in a list here (URL, a tab, the name), or --name'],
  '--cut-dirs': ["wget's", 'is done by --name here'],
  '-H': ["curl's", 'is --header here'],
  '-t': ["wget's", 'is --tries here'],
  '--retry': ["curl's", 'is --tries here, which counts the first one, too'],
  '--retries': ["img2dataset's and rclone's", 'is --tries here, which counts the first one, too'],
  '--max-tries': ["aria2's", 'is --tries here'],
  '-T': ["wget's", 'is --timeout here'],
  '-w': ["wget's", 'is --wait-per-host here'],
  '--wait': ["wget's", 'is --wait-per-host here'],
  '--bwlimit': ["rclone's", 'is --limit-rate here'],
  '--max-overall-download-limit': ["aria2's", 'is --limit-rate here'],
  '--tpslimit': ["rclone's", 'is --rate here'],
  '-b': ["curl's", 'is --cookie-file here'],
  '--cookie': ["curl's", 'is --cookie-file here'],
  '--user_agent_token': ["img2dataset's", 'is --user-agent here'],
  '--save-session': ["aria2's", 'is sluice export DIR --format aria2 here'],
  '--etag-save': ["curl's", 'is done by the journal here'],
  '-I': ["curl's", 'is --dry-run here, which requests nothing'],
  '--spider': ["wget's", 'is --dry-run here, which requests nothing'],
};

/** @param option as it was given, perhaps with its value after an equals sign */
export function whatItIsHere(option: string): string | undefined {
  const name = option.startsWith('--') ? option.replace(/=.*/, '') : option.slice(0, 2);
  const [whose, here] = KNOWN[name] ?? [];
  return whose === undefined ? undefined : `${whose} ${name} ${here}.`;
}
