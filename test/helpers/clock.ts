/** Loaded before a program (`--import`), and with it in each of its threads: the clock jumps by days, back and forth. */
const DAY = 24 * 60 * 60 * 1000;
const { now } = Date;
let jumps = 0;

Date.now = () => {
  jumps += 1;
  return now() + (jumps % 2 === 0 ? -3 : 5) * DAY;
};
