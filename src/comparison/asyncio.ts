/**
 * The peer in Python: a semaphore around each GET, saving handed to `run_in_executor`, results as completed, as in the
 * flags examples of *Fluent Python*. Beyond the book it has as many threads as requests, since slow storage would wait
 * for the default's few, and takes large bodies piece by piece, since whole ones would cost it most of its speed.
 */

/** To be run as `python3 -c ASYNCIO LIST DIRECTORY REQUESTS`. */
export const ASYNCIO = `
import asyncio, os, sys
from concurrent.futures import ThreadPoolExecutor
import aiohttp

PIECE = 1 << 20

def save(path, body):
    with open(path, 'wb') as file:
        file.write(body)

async def main(list_path, directory, requests):
    with open(list_path) as file:
        urls = file.read().split()
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(requests))
    semaphore = asyncio.Semaphore(requests)
    connector = aiohttp.TCPConnector(limit=requests)
    timeout = aiohttp.ClientTimeout(total=None)

    async with aiohttp.ClientSession(connector=connector, timeout=timeout, read_bufsize=PIECE) as session:

        async def download_one(url):
            path = os.path.join(directory, url.rsplit('/', 1)[1])
            async with semaphore, session.get(url) as response:
                response.raise_for_status()
                if (response.content_length or 0) > PIECE:
                    with open(path, 'wb') as file:
                        async for piece in response.content.iter_chunked(PIECE):
                            await loop.run_in_executor(None, file.write, piece)
                    return
                body = await response.read()
            await loop.run_in_executor(None, save, path, body)

        failed = 0
        for future in asyncio.as_completed([download_one(url) for url in urls]):
            try:
                await future
            except Exception as error:
                failed += 1
                print(repr(error), file=sys.stderr)
    sys.exit(1 if failed else 0)

asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
`;

/** To be run as `python3 -c ASYNCIO_VERSIONS`: prints the versions, and the interpreter itself, not one that looks for it. */
export const ASYNCIO_VERSIONS = `
import platform, sys, aiohttp
print(aiohttp.__version__, platform.python_version(), sys.executable)
`;
