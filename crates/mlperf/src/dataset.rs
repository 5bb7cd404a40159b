use std::{
    fs,
    path::{Path, PathBuf},
};

use telemetry::mlperf::Task;

use crate::DatasetError;

/// The labels' file in a folder of inputs.
const LABELS: &str = "y_labels.csv";

/// Inputs with their labels.
#[derive(Clone, Debug)]
pub struct Dataset {
    rows: Vec<Row>,
    source: Source,
}

#[derive(Clone, Debug)]
enum Source {
    /// A folder, as the benchmark's repository has it.
    Folder { folder: PathBuf, expected: usize },
    /// Bytes from a seed, which is the row's number.
    Made { bytes: usize, reals: bool },
}

/// One input.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Row {
    /// The file's name.
    pub file: String,
    /// How many classes there are.
    pub classes: usize,
    /// The right one.
    pub class: usize,
    /// Bytes that are sent at once, and by how many the next begin later; a file that is sent whole has none.
    pub window: Option<(usize, usize)>,
}

impl Dataset {
    /// Reads the labels of a folder: a line `file,classes,class` for each input, or `file,classes,class,bytes,stride`.
    ///
    /// # Errors
    /// [`DatasetError::Read`], [`DatasetError::Labels`].
    pub fn open(folder: &Path, task: Task) -> Result<Self, DatasetError> {
        let path = folder.join(LABELS);
        let text =
            fs::read_to_string(&path).map_err(|source| DatasetError::Read { path: path.clone(), source })?;
        let mut rows = Vec::new();
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let row = row(line);
            rows.push(row.map_err(|reason| DatasetError::Labels {
                path: path.clone(),
                line: index + 1,
                reason,
            })?);
        }
        let source = Source::Folder { folder: folder.to_path_buf(), expected: task.sent_bytes() };
        Ok(Self { rows, source })
    }

    /// Inputs that are made up, `count` of them: for a first try, and where nobody has the real ones. What is right of
    /// them is anybody's guess, and is taken in turns.
    #[must_use]
    pub fn made(task: Task, count: usize) -> Self {
        let classes = task.classes().unwrap_or(2).max(2);
        let row = |index| Row {
            file: format!("made_{index:04}.bin"),
            classes,
            class: index % classes,
            window: None,
        };
        let source = Source::Made { bytes: task.sent_bytes(), reals: task == Task::Ad };
        Self { rows: (0..count).map(row).collect(), source }
    }

    /// The same inputs, each with the class that `right` says of it where it says one.
    ///
    /// # Errors
    /// As [`Self::inputs`].
    pub fn labelled(mut self, mut right: impl FnMut(&[u8]) -> Option<usize>) -> Result<Self, DatasetError> {
        for index in 0..self.rows.len() {
            let input = self.inputs(index)?.into_iter().next().unwrap_or_default();
            if let (Some(row), Some(class)) = (self.rows.get_mut(index), right(&input)) {
                row.class = class;
            }
        }
        Ok(self)
    }

    /// Writes the inputs and their labels to a folder, as [`Self::open`] reads them.
    ///
    /// # Errors
    /// [`DatasetError::Read`] with the file that could not be written.
    pub fn write(&self, folder: &Path) -> Result<(), DatasetError> {
        let failed = |path: &Path| {
            let path = path.to_path_buf();
            move |source| DatasetError::Read { path, source }
        };
        fs::create_dir_all(folder).map_err(failed(folder))?;
        let mut labels = String::new();
        for (index, row) in self.rows.iter().enumerate() {
            let input = self.inputs(index)?.concat();
            // One window is the whole file; the official runner wants to be told its length where windows are usual.
            let window =
                if matches!(self.source, Source::Made { reals: true, .. }) { ",2560,512" } else { "" };
            labels += &format!("{},{},{}{window}\n", row.file, row.classes, row.class);
            let path = folder.join(&row.file);
            fs::write(&path, input).map_err(failed(&path))?;
        }
        let path = folder.join(LABELS);
        fs::write(&path, labels).map_err(failed(&path))
    }

    /// Whether the inputs are made up.
    #[must_use]
    pub fn is_made(&self) -> bool {
        matches!(self.source, Source::Made { .. })
    }

    /// The inputs, in order.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Only the first so many.
    ///
    /// # Errors
    /// [`DatasetError::TooFew`] when there are not as many.
    pub fn first(mut self, count: usize) -> Result<Self, DatasetError> {
        let found = self.rows.len();
        if found < count {
            let path = match &self.source {
                Source::Folder { folder, .. } => folder.join(LABELS),
                Source::Made { .. } => PathBuf::from("made up"),
            };
            return Err(DatasetError::TooFew { path, found, needed: count });
        }
        self.rows.truncate(count);
        Ok(self)
    }

    /// What is sent for a row: the file, or one window of it after the other.
    ///
    /// # Errors
    /// [`DatasetError::Read`], [`DatasetError::Length`].
    pub fn inputs(&self, index: usize) -> Result<Vec<Vec<u8>>, DatasetError> {
        let Some(row) = self.rows.get(index) else { return Ok(Vec::new()) };
        let (folder, expected) = match &self.source {
            Source::Folder { folder, expected } => (folder, *expected),
            Source::Made { bytes, reals } => return Ok(vec![made(index, *bytes, *reals)]),
        };
        let path = folder.join(&row.file);
        let bytes = fs::read(&path).map_err(|source| DatasetError::Read { path: path.clone(), source })?;
        let inputs: Vec<_> = match row.window {
            Some((length, stride)) => bytes.windows(length).step_by(stride).map(<[u8]>::to_vec).collect(),
            None => vec![bytes.clone()],
        };
        match inputs.iter().map(Vec::len).find(|length| *length != expected) {
            Some(found) => Err(DatasetError::Length { path, found, expected }),
            None if inputs.is_empty() => Err(DatasetError::Length { path, found: bytes.len(), expected }),
            None => Ok(inputs),
        }
    }
}

fn row(line: &str) -> Result<Row, &'static str> {
    let mut fields = line.split(',').map(str::trim);
    let file = fields.next().filter(|file| !file.is_empty()).ok_or("no file")?.to_owned();
    if Path::new(&file).components().count() != 1 || file == ".." {
        return Err("the file is not in this folder");
    }
    let mut number = |missing| {
        fields
            .next()
            .map(|field| field.parse::<usize>())
            .transpose()
            .map_err(|_| "not a number")?
            .ok_or(missing)
    };
    let (classes, class) = (number("no number of classes")?, number("no class")?);
    if class >= classes {
        return Err("there is no such class");
    }
    let window = match number("") {
        Ok(bytes) => {
            let stride = number("no stride")?;
            if bytes == 0 || stride == 0 {
                return Err("a window or a stride of nothing");
            }
            Some((bytes, stride))
        }
        Err("") => None,
        Err(reason) => return Err(reason),
    };
    Ok(Row { file, classes, class, window })
}

/// Bytes by a linear congruence from the row's number; of numbers, those from -2 to 2.
fn made(index: usize, bytes: usize, reals: bool) -> Vec<u8> {
    let mut state = 12_345_u32.wrapping_add(index as u32);
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    if !reals {
        return (0..bytes).map(|_| next()).collect();
    }
    (0..bytes / 4).flat_map(|_| (f32::from(next().cast_signed()) / 64.0).to_le_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_read_with_and_without_windows() {
        let window = |window| Row { file: "a.bin".into(), classes: 12, class: 7, window };
        assert_eq!(row("a.bin,12,7"), Ok(window(None)));
        assert_eq!(row("a.bin, 12, 7, 2560, 512\r"), Ok(window(Some((2560, 512)))));
    }

    #[test]
    fn labels_that_are_none_say_what_is_missing() {
        for (line, reason) in [
            (",1,0", "no file"),
            ("a.bin", "no number of classes"),
            ("a.bin,2", "no class"),
            ("a.bin,2,x", "not a number"),
            ("a.bin,2,2", "there is no such class"),
            ("a.bin,2,1,4", "no stride"),
            ("a.bin,2,1,4,0", "a window or a stride of nothing"),
            ("../a.bin,2,1", "the file is not in this folder"),
        ] {
            assert_eq!(row(line), Err(reason), "{line}");
        }
    }

    #[test]
    fn a_file_is_sent_whole_or_window_by_window() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
        write("y_labels.csv", b"a.bin,2,0,4,2\nb.bin,2,1\nc.bin,2,1\nd.bin,2,1,4,2\n");
        write("a.bin", &[0, 1, 2, 3, 4, 5, 6, 7, 8]);
        write("b.bin", &[9; 4]);
        write("c.bin", &[9; 5]);
        write("d.bin", &[9; 3]);
        let set = Dataset::open(folder.path(), Task::Own { input_bytes: 4 }).unwrap();
        assert_eq!(set.inputs(0).unwrap(), [[0, 1, 2, 3], [2, 3, 4, 5], [4, 5, 6, 7]]);
        assert_eq!(set.inputs(1).unwrap(), [[9; 4]]);
        for index in [2, 3] {
            assert!(matches!(set.inputs(index), Err(DatasetError::Length { expected: 4, .. })));
        }
        assert!(set.clone().first(4).is_ok());
        let few = set.first(5).unwrap_err().to_string();
        assert!(few.ends_with("y_labels.csv: 4 inputs, and 5 are needed"), "{few}");
        let none = Dataset::open(&folder.path().join("none"), Task::Kws).unwrap_err();
        assert!(none.to_string().contains("none/y_labels.csv: No such file"), "{none}");
    }

    #[test]
    fn made_inputs_differ_and_stay_the_same() {
        let set = Dataset::made(Task::Kws, 3);
        assert!(set.is_made());
        assert_eq!(set.inputs(0).unwrap()[0][..4], [0x05, 0x04, 0x8b, 0xa2]);
        assert_ne!(set.inputs(0).unwrap(), set.inputs(1).unwrap());
        let reals = Dataset::made(Task::Ad, 1).inputs(0).unwrap();
        assert_eq!(reals[0].len(), 2560);
        assert_eq!(reals[0][..4], (5.0_f32 / 64.0).to_le_bytes());
    }

    #[test]
    fn made_inputs_can_be_labelled_and_written() {
        let folder = tempfile::tempdir().unwrap();
        let set = Dataset::made(Task::Ic, 2).labelled(|input| Some(usize::from(input[0] % 10))).unwrap();
        set.write(folder.path()).unwrap();
        let read = Dataset::open(folder.path(), Task::Ic).unwrap();
        assert_eq!(read.rows(), set.rows());
        assert_eq!(read.inputs(1).unwrap(), set.inputs(1).unwrap());
        assert_eq!((read.rows()[0].class, read.is_made()), (5, false));
    }
}
