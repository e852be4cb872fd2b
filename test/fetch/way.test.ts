import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { addressOf } from '../../src/fetch/interface.js';
import { proxiesOf } from '../../src/fetch/proxy-environment.js';
import { exceptions, Way } from '../../src/fetch/way.js';
import { parseProxy } from '../../src/options/proxy.js';

describe('hosts that no proxy is asked for', () => {
  const cases: [text: string, excepted: string[], others: string[]][] = [
    ['', [], ['a.example', 'localhost', '127.0.0.1']],
    ['*', ['a.example', '127.0.0.1', '[::1]'], []],
    ['a.example', ['a.example', 'b.a.example', 'a.example.'], ['ba.example', 'example', 'a.example.com']],
    ['.a.example, B.example', ['a.example', 'c.a.example', 'b.example'], ['xa.example']],
    ['localhost 10.1.2.3', ['localhost', '10.1.2.3'], ['10.1.2.30', '110.1.2.3', '3']],
    ['10.0.0.0/8,192.168.0.0/16', ['10.255.0.1', '192.168.3.4'], ['11.0.0.1', '192.169.0.1', 'a10.example']],
    ['[::1],fd00::/8', ['[::1]', '[fd12::1]'], ['[::2]', '[fe80::1]', '0.0.0.1']],
    ['*,a.example', ['a.example'], ['b.example']],
    ['10.0.0.0/99,10.0.0.0/x', [], ['10.0.0.1']],
  ];
  for (const [text, excepted, others] of cases) {
    it(`are ${text === '' ? 'none without a text' : text}`, () => {
      const isExcepted = exceptions(text);
      assert.deepEqual(
        excepted.filter((host) => !isExcepted(host)),
        [],
      );
      assert.deepEqual(others.filter(isExcepted), []);
    });
  }
});

describe('a proxy', () => {
  it('is read as curl reads it: http without a scheme, port 1080 without a port', () => {
    const read = (text: string) => {
      const { scheme, host, port, user, password } = parseProxy(text, '--proxy');
      return [scheme, host, port, user, password];
    };
    assert.deepEqual(read('proxy'), ['http', 'proxy', 1080, undefined, undefined]);
    assert.deepEqual(read('http://proxy:80/'), ['http', 'proxy', 80, undefined, undefined]);
    assert.deepEqual(read('HTTPS://u@proxy'), ['https', 'proxy', 443, 'u', '']);
    assert.deepEqual(read('socks5h://u:p%40@w:x@[::1]:9'), ['socks5h', '::1', 9, 'u', 'p@@w:x']);
    assert.deepEqual(read('http://u:100%@1.2.3.4:5'), ['http', '1.2.3.4', 5, 'u', '100%']);
    assert.deepEqual(read('socks4a://u@proxy'), ['socks4a', 'proxy', 1080, 'u', '']);
  });

  it('of SOCKS 4 has no password', () => {
    assert.throws(() => parseProxy('socks4://u:s3cret@p', '--proxy'), {
      message: '--proxy socks4://u:***@p has a password, which SOCKS 4 has not',
    });
  });

  it('is shown without its password, and with what named it', () => {
    assert.equal(parseProxy('u:s3:cr@et@p:1', 'http_proxy').told, 'http://u:***@p:1 of http_proxy');
    assert.equal(parseProxy('socks5://t0ken@[::1]', '--proxy').told, 'socks5://***@[::1]:1080 of --proxy');
  });

  it('is none of the environment where all hosts are excepted', () => {
    assert.equal(proxiesOf(undefined, undefined, { http_proxy: 'p', no_proxy: '*' }, []), undefined);
    assert.equal(proxiesOf(undefined, '*', { http_proxy: 'p' }, []), undefined);
    assert.equal(proxiesOf(undefined, undefined, {}, []), undefined);
  });

  it('is chosen for each server once', () => {
    const [http, https] = [parseProxy('one:1', 'a'), parseProxy('socks5://two:2', 'b')];
    const way = new Way({ proxies: { http, https, except: 'local.example' } });
    assert.equal(way.through('http://a.example')?.proxy, http);
    assert.equal(way.through('https://a.example')?.proxy, https);
    assert.equal(way.through('http://local.example:81'), undefined);
    assert.equal(way.through('http://a.example'), way.through('http://a.example'));
    assert.deepEqual(
      ['http://a.example', 'https://a.example'].map((origin) => way.through(origin)?.asksProxy),
      [true, false],
    );
  });
});

describe('the address of --interface', () => {
  const address = (text: string, family: 'IPv4' | 'IPv6', scopeid = 0) =>
    ({ address: text, family, scopeid, netmask: '', mac: '', internal: false, cidr: null }) as never;
  const devices = {
    eth0: [address('fe80::1', 'IPv6', 2), address('2001:db8::1', 'IPv6'), address('192.0.2.1', 'IPv4')],
    wg0: [address('2001:db8::2', 'IPv6')],
  };

  it('is that of a device, of IPv4 before IPv6, and of the world before the link', () => {
    assert.deepEqual(addressOf('eth0', false, devices), { address: '192.0.2.1', family: 4 });
    assert.deepEqual(addressOf('eth0', true, devices), { address: '2001:db8::1', family: 6 });
    assert.deepEqual(addressOf('wg0', false, devices), { address: '2001:db8::2', family: 6 });
    assert.deepEqual(addressOf('2001:DB8:0::2', false, devices), { address: '2001:db8::2', family: 6 });
  });

  it('that this machine has not is told with those that it has', () => {
    assert.throws(() => addressOf('eth1', false, devices), { hint: /eth0, fe80::1, .*wg0/ });
    assert.throws(() => addressOf('192.0.2.1', true, devices), { message: /no address of IPv6/ });
  });
});
