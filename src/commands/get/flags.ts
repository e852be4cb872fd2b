/** The flags that say how lists are read. */
import { FORMAT_NAMES } from '../../lists/source.js';
import type { Flag } from '../../options/flags.js';

export const LIST_FLAGS: readonly Flag[] = [
  {
    flag: '--input-format <name>',
    help: 'what the lists are (default: by name and content)',
    choices: ['auto', ...FORMAT_NAMES],
  },
  { flag: '--url-column <COLUMN>', help: 'the column of the URLs, by name or number from 1 (default: url)' },
  { flag: '--url-col <COLUMN>', help: 'the same', hidden: true },
  { flag: '--name-column <COLUMN>', help: 'the column of the names for files' },
  {
    flag: '--checksum-column <COLUMN>',
    help: 'the column of checksums; sha256:COLUMN says which kind (default: by their length)',
  },
  { flag: '--keep-columns <COLUMNS>', help: 'columns to keep with what becomes of each item: a,b or all' },
];
