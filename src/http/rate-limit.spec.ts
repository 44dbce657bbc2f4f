import { Config } from '../config/config.js';
import { RateLimited } from '../errors/errors.js';
import { WrongCredentials, addressGroup } from './rate-limit.js';

describe('the group of an address', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8:1:2::6', '2001:db8:1:2'],
    ['2001:db8::6', '2001:db8:0:0'],
    ['2001:db8::3:4:5:6', '2001:db8:0:0'],
  ])('of %s is %s', (address, group) => {
    expect(addressGroup(address)).toBe(group);
  });

  it('is the same for all that one customer of a provider may take', () => {
    const group = addressGroup('2001:db8:1:2::1');
    expect(addressGroup('2001:db8:1:2:ffff:ffff:ffff:ffff')).toBe(group);
    expect(addressGroup('2001:db8:1:3::1')).not.toBe(group);
  });
});

describe('wrong credentials', () => {
  const tenTimes = (wrong: WrongCredentials, address: string) => {
    for (let time = 0; time < 10; time += 1) wrong.count(address);
  };

  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('are counted by address; after a tenth of API_RATE nobody from there is heard for the minute', () => {
    const wrong = new WrongCredentials(Object.assign(new Config(), { API_RATE: 100 }));
    tenTimes(wrong, '192.0.2.7');
    expect(() => wrong.check('192.0.2.7')).toThrow(RateLimited);
    expect(() => wrong.check('192.0.2.8')).not.toThrow();
    jest.advanceTimersByTime(59_999);
    expect(() => wrong.check('192.0.2.7')).toThrow('Wait 1 seconds');
    jest.advanceTimersByTime(1);
    expect(() => wrong.check('192.0.2.7')).not.toThrow();
  });

  it('do not shut out somebody who mistypes, however low API_RATE is', () => {
    const wrong = new WrongCredentials(Object.assign(new Config(), { API_RATE: 1 }));
    for (let time = 0; time < 9; time += 1) wrong.count('192.0.2.7');
    expect(() => wrong.check('192.0.2.7')).not.toThrow();
  });

  it('are forgotten oldest first when they come from very many addresses', () => {
    const wrong = new WrongCredentials(Object.assign(new Config(), { API_RATE: 100 }));
    tenTimes(wrong, '192.0.2.7');
    for (let at = 0; at < 100_000; at += 1)
      wrong.count(`10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`);
    expect(() => wrong.check('192.0.2.7')).not.toThrow();
  });
});
