use super::*;
use std::fs;

const LIMITS: Limits = Limits { after: 3, interval: Duration::from_secs(30) };
const DAY: u64 = 24 * 60 * 60;

/// A client's place.
#[derive(Clone, Copy)]
enum From {
    /// Sends no MachineID, and the server does not tell the address.
    Anywhere,
    Machine(u32),
    Address(u32),
    Both(u32, u32),
}

struct World {
    throttle: Throttle,
    start: Instant,
    /// Seconds since.
    passed: u64,
}

impl World {
    fn with(throttle: Throttle) -> World {
        World { throttle, start: Instant::now(), passed: 0 }
    }

    fn new() -> World {
        World::with(Throttle::new())
    }

    fn wait(&mut self, seconds: u64) {
        self.passed += seconds;
    }

    fn now(&self) -> Instant {
        self.start + Duration::from_secs(self.passed)
    }

    fn file_time(&self) -> FileTime {
        FileTime::from_unix_seconds(1_800_000_000 + self.passed as i64)
    }

    fn attempt(&self, account: &str, from: From) -> Attempt {
        let (machine, address) = match from {
            From::Anywhere => (None, None),
            From::Machine(machine) => (Some(machine), None),
            From::Address(address) => (None, Some(address)),
            From::Both(machine, address) => (Some(machine), Some(address)),
        };
        let machine = machine.map(|number| {
            let mut id = [0x5a; 32];
            id[..4].copy_from_slice(&number.to_be_bytes());
            id
        });
        let address = address.map(|number| Address::V4(number.to_be_bytes()));
        self.throttle.attempt(account, machine.as_ref(), address.as_ref(), self.file_time())
    }

    /// Whether the attempt is checked; if so, the password is wrong.
    fn guess(&self, account: &str, from: From) -> bool {
        let mut attempt = self.attempt(account, from);
        let admitted = self.throttle.admits(&mut attempt, LIMITS, || self.now());
        if admitted {
            self.throttle.wrong(&attempt, LIMITS, self.now());
        }
        admitted
    }

    fn log_on(&self, account: &str, from: From) -> bool {
        let mut attempt = self.attempt(account, from);
        let admitted = self.throttle.admits(&mut attempt, LIMITS, || self.now());
        if admitted {
            assert!(self.throttle.admits(&mut attempt, LIMITS, || self.now()));
            self.throttle.succeeded(attempt.receipt(), self.file_time());
        }
        admitted
    }

    fn guess_until_throttled(&self, account: &str, from: From) {
        let throttled = (0..1000).any(|_| !self.guess(account, from));
        assert!(throttled, "a thousand wrong passwords for {account}");
    }
}

#[test]
fn after_some_wrong_passwords_one_attempt_in_each_interval_is_checked() {
    let mut world = World::new();
    for _ in 0..LIMITS.after {
        assert!(world.guess("alice", From::Anywhere));
    }
    let (mut checked, mut right) = (0, 0);
    for second in 0..600 {
        checked += u32::from(world.guess("ALICE", From::Machine(second)));
        world.wait(1);
        right += u32::from(world.log_on("bob", From::Anywhere));
    }
    assert_eq!((checked, right), (600 / 30 - 1, 600));
    // Then it is forgotten.
    world.wait(5 * 60);
    for _ in 0..LIMITS.after {
        assert!(world.guess("alice", From::Anywhere));
    }
    assert!(!world.guess("alice", From::Anywhere));
}

#[test]
fn right_passwords_alone_never_throttle() {
    let world = World::new();
    let earlier = world.start.checked_sub(Duration::from_secs(5)).unwrap_or(world.start);
    std::thread::scope(|threads| {
        for thread in 0..4 {
            let world = &world;
            threads.spawn(move || {
                // The clocks of two threads are read before either takes the lock.
                let now = if thread % 2 == 0 { world.start } else { earlier };
                for round in 0..20_000 {
                    let from = if round % 3 == 0 { From::Anywhere } else { From::Address(thread) };
                    let mut attempt = world.attempt("alice", from);
                    assert!(world.throttle.admits(&mut attempt, LIMITS, || now));
                    assert!(world.throttle.admits(&mut attempt, LIMITS, || now));
                    world.throttle.succeeded(attempt.receipt(), world.file_time());
                }
            });
        }
    });
}

#[test]
fn a_right_password_takes_no_turn_of_a_throttled_account() {
    let mut world = World::new();
    world.guess_until_throttled("alice", From::Anywhere);
    // Attempts that were under way are wrong too: the account is throttled for longer, and has its
    // turn when it would have had it without them.
    for _ in 0..2 {
        world.wait(10);
        world.throttle.wrong(&world.attempt("alice", From::Anywhere), LIMITS, world.now());
        assert!(!world.log_on("alice", From::Anywhere));
    }
    world.wait(10);
    for _ in 0..100 {
        assert!(world.log_on("alice", From::Anywhere));
    }
    assert!(world.guess("alice", From::Anywhere));
    assert!(!world.guess("alice", From::Anywhere));
}

#[test]
fn a_success_from_its_place_forgets_the_wrong_passwords_from_there() {
    let world = World::new();
    assert!(world.log_on("alice", From::Machine(1)));
    for _ in 0..10 {
        for _ in 1..LIMITS.after {
            assert!(world.guess("alice", From::Machine(1)));
        }
        assert!(world.log_on("alice", From::Machine(1)));
    }
}

#[test]
fn guesses_elsewhere_do_not_delay_a_place_that_has_logged_on() {
    for (home, elsewhere) in [
        (From::Machine(1), From::Machine(2)),
        (From::Address(1), From::Address(2)),
        (From::Machine(1), From::Anywhere),
        (From::Both(1, 1), From::Both(2, 1)),
    ] {
        let mut world = World::new();
        assert!(world.log_on("alice", home));
        world.guess_until_throttled("alice", elsewhere);
        assert!(world.log_on("Alice", home));
        world.wait(30 * DAY);
        world.guess_until_throttled("alice", elsewhere);
        assert!(world.log_on("Alice", home));
        // Its own guesses count.
        world.guess_until_throttled("alice", home);
        assert!(!world.log_on("alice", home));
        world.wait(30);
        assert!(world.log_on("alice", home));
    }
    let world = World::new();
    world.guess_until_throttled("alice", From::Machine(2));
    assert!(!world.log_on("alice", From::Machine(3)));
}

#[test]
fn a_machine_that_has_logged_on_is_known_at_another_address() {
    let world = World::new();
    assert!(world.log_on("alice", From::Both(1, 1)));
    world.guess_until_throttled("alice", From::Address(9));
    assert!(world.log_on("alice", From::Both(1, 2)));
    // But that is the account's alone.
    world.guess_until_throttled("bob", From::Address(9));
    assert!(!world.log_on("bob", From::Both(1, 2)));
}

#[test]
fn a_flood_of_invented_names_displaces_no_place() {
    let mut world = World::new();
    assert!(world.log_on("alice", From::Machine(1)));
    for _ in 0..2 {
        world.guess_until_throttled("bob", From::Anywhere);
        for number in 0..100_000 {
            world.guess(&format!("user{number}"), From::Both(number, number));
        }
        // A count that matters is kept too.
        assert!(!world.guess("bob", From::Machine(5)));
        world.guess_until_throttled("alice", From::Anywhere);
        assert!(world.log_on("alice", From::Machine(1)));
        world.wait(7 * DAY);
    }
}

#[test]
fn a_slow_attack_keeps_no_one_out() {
    let mut world = World::new();
    for _ in 0..20 {
        for _ in 0..100 {
            world.guess("alice", From::Anywhere);
            world.wait(31);
        }
        assert!(world.log_on("alice", From::Anywhere));
    }
}

#[test]
fn one_address_does_not_try_all_accounts() {
    let world = World::new();
    let tried =
        (0..100).filter(|number| world.guess(&format!("user{number}"), From::Address(1))).count();
    assert_eq!(tried as u32, LIMITS.after * ADDRESSES);
    assert!(world.guess("user99", From::Address(2)));
    assert!(world.guess("user99", From::Anywhere));
}

#[test]
fn places_are_displaced_by_newer_ones_of_the_account_alone() {
    let mut world = World::new();
    for machine in 0..9 {
        assert!(world.log_on("alice", From::Machine(machine)));
        assert!(world.log_on(&format!("user{machine}"), From::Machine(machine)));
        world.wait(1);
    }
    world.guess_until_throttled("alice", From::Anywhere);
    assert!(!world.log_on("alice", From::Machine(0)));
    for machine in 1..9 {
        assert!(world.log_on("alice", From::Machine(machine)), "{machine}");
    }
    // The places are not remembered for ever.
    world.wait(60 * DAY);
    world.guess_until_throttled("alice", From::Anywhere);
    assert!(!world.log_on("alice", From::Machine(8)));
}

#[test]
fn guesses_at_the_same_time_all_count() {
    let world = World::new();
    let many = Limits { after: 1000, ..LIMITS };
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                (0..250).for_each(|_| {
                    world.throttle.wrong(&world.attempt("alice", From::Anywhere), many, world.start)
                })
            });
        }
    });
    assert!(
        !world.throttle.admits(&mut world.attempt("alice", From::Anywhere), many, || world.start)
    );
}

/// With a slow authority all of these are asked about before the first has an answer.
#[test]
fn guesses_under_way_at_the_same_time_are_not_all_answered() {
    let mut world = World::new();
    assert!(world.log_on("alice", From::Machine(1)));
    for (round, checked) in [LIMITS.after, 1, 1].into_iter().enumerate() {
        let mut under_way: Vec<_> =
            (0..100).map(|_| world.attempt("alice", From::Anywhere)).collect();
        for attempt in &mut under_way {
            assert!(world.throttle.admits(attempt, LIMITS, || world.now()));
        }
        let (answered, others) = under_way.split_at_mut(checked as usize);
        answered.iter().for_each(|attempt| world.throttle.wrong(attempt, LIMITS, world.now()));
        // The next one is right, and nobody learns that.
        assert!(!world.throttle.admits(&mut others[0], LIMITS, || world.now()), "{round}");
        // The others count no more than has been answered.
        others.iter().for_each(|attempt| world.throttle.wrong(attempt, LIMITS, world.now()));
        assert!(!world.log_on("alice", From::Anywhere));
        assert!(world.log_on("alice", From::Machine(1)));
        world.wait(30);
        assert!(world.log_on("alice", From::Anywhere));
    }
}

/// As many as there may be, and others with wrong passwords among them, if few.
#[test]
fn right_passwords_under_way_at_the_same_time_are_all_accepted() {
    let world = World::new();
    for _ in 1..LIMITS.after {
        assert!(world.guess("alice", From::Anywhere));
    }
    let mut under_way: Vec<_> = (0..1000).map(|_| world.attempt("alice", From::Anywhere)).collect();
    for _ in 0..2 {
        for attempt in &mut under_way {
            assert!(world.throttle.admits(attempt, LIMITS, || world.now()));
        }
    }
}

struct File(PathBuf);

impl File {
    fn new(name: &str) -> File {
        let path = std::env::temp_dir().join(format!("negossp-{name}-{}", std::process::id()));
        let _ = fs::remove_file(&path);
        File(path)
    }

    /// Another process, which was not forked from this one.
    fn world(&self) -> World {
        let (path, key) = (self.0.clone(), [1; 16]);
        World::with(Throttle::with_file(path, key, Places::new(), Guesses::new()))
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[test]
fn a_file_keeps_places_across_a_restart() {
    let file = File::new("places-restart");
    let world = file.world();
    assert_eq!(world.throttle.path(), Some(&*file.0));
    assert!(world.log_on("alice", From::Machine(1)));
    assert!(world.log_on("alice", From::Both(2, 7)));
    for world in [file.world(), file.world()] {
        world.guess_until_throttled("alice", From::Anywhere);
        assert!(world.log_on("alice", From::Machine(1)));
        assert!(world.log_on("alice", From::Address(7)));
        assert!(!world.log_on("alice", From::Machine(3)));
    }
    // A logon from a place that is known writes nothing.
    let length = fs::metadata(&file.0).unwrap().len();
    assert!(file.world().log_on("alice", From::Machine(1)));
    assert_eq!(fs::metadata(&file.0).unwrap().len(), length);
}

/// A configuration that is read anew opens the file again.
#[test]
fn a_file_that_is_opened_again_has_the_same_counts() {
    let file = File::new("places-again");
    let world = World::with(Throttle::open(file.0.clone()));
    assert!(world.log_on("alice", From::Machine(1)));
    world.guess_until_throttled("alice", From::Anywhere);
    let again = World::with(Throttle::open(file.0.clone()));
    assert_eq!(again.throttle.path(), Some(&*file.0));
    assert!(!again.guess("alice", From::Anywhere));
    assert!(again.log_on("alice", From::Machine(1)));
    assert!(Arc::ptr_eq(Throttle::of_process(), Throttle::of_process()));
}

#[test]
fn processes_share_a_file() {
    let file = File::new("places-shared");
    let (one, other) = (file.world(), file.world());
    other.guess_until_throttled("alice", From::Anywhere);
    assert!(one.log_on("alice", From::Machine(1)));
    assert!(other.log_on("alice", From::Machine(1)));
    assert!(!other.log_on("alice", From::Machine(2)));
}

/// A place that this process has forgotten and another one knows has its own wrong passwords.
#[test]
fn a_place_that_was_learnt_elsewhere_is_throttled_by_itself() {
    let file = File::new("places-learnt");
    let (one, other) = (file.world(), file.world());
    assert!(one.log_on("alice", From::Machine(1)));
    one.guess_until_throttled("alice", From::Machine(1));
    for machine in 2..10 {
        assert!(one.log_on("alice", From::Machine(machine)));
    }
    one.guess_until_throttled("alice", From::Anywhere);
    assert!(other.log_on("alice", From::Machine(1)));
    assert!(!one.log_on("alice", From::Machine(1)));
}

#[test]
fn a_damaged_file_loses_what_is_damaged() {
    let file = File::new("places-damaged");
    let world = file.world();
    for machine in 0..3 {
        assert!(world.log_on("alice", From::Machine(machine)));
    }
    let mut bytes = fs::read(&file.0).unwrap();
    bytes[32 + 32] ^= 1;
    bytes.extend([7; 5]);
    fs::write(&file.0, &bytes).unwrap();
    let world = file.world();
    world.guess_until_throttled("alice", From::Anywhere);
    let known: Vec<_> =
        (0..3).filter(|&machine| world.log_on("alice", From::Machine(machine))).collect();
    assert_eq!(known, [0, 2]);
    // A record is written over what was cut short.
    assert!(world.log_on("bob", From::Machine(4)));
    let world = file.world();
    world.guess_until_throttled("bob", From::Anywhere);
    assert!(world.log_on("bob", From::Machine(4)));
}

#[test]
fn another_kind_of_file_is_left_alone() {
    let file = File::new("places-other");
    fs::write(&file.0, "something that is not a file of places").unwrap();
    let world = file.world();
    assert!(world.log_on("alice", From::Machine(1)));
    world.guess_until_throttled("alice", From::Anywhere);
    assert!(world.log_on("alice", From::Machine(1)));
    assert_eq!(fs::read(&file.0).unwrap(), b"something that is not a file of places");
}
