//! Encodings as LLVM's assembler writes them (llvm-mc 14, `-mcpu=cortex-m55` and `-mattr=+m,+c`), byte by byte in memory
//! order; targets of branches are left at 0.

use super::*;

/// A class, the registers moved, and instructions of it.
type Row<'a> = (Class, u8, &'a [(&'a str, &'a str)]);

const THUMB: &[Row<'_>] = &[
    (
        Class::Load,
        0,
        &[
            ("ldr r1,[r0]", "0168"),
            ("ldrb r1,[r0,#3]", "c178"),
            ("ldrh r1,[r0,r2]", "815a"),
            ("ldrsb r1,[r0,r2]", "8156"),
            ("ldrsh r1,[r0,r2]", "815e"),
            ("ldr r1,[sp,#8]", "0299"),
            ("ldr r1,[pc,#16]", "0449"),
            ("ldr.w r8,[r0,#400]", "d0f89081"),
            ("ldrb r8,[r0],#1", "10f8018b"),
            ("ldrsb.w r8,[r0,#1]", "90f90180"),
            ("ldrsh.w r1,[r0,r2,lsl #1]", "30f91210"),
            ("ldrex r1,[r0]", "50e8001f"),
            ("lda r1,[r0]", "d0e8af1f"),
        ],
    ),
    (
        Class::Store,
        0,
        &[
            ("str r1,[r0]", "0160"),
            ("strb r1,[r0,#3]", "c170"),
            ("strh r1,[r0,r2]", "8152"),
            ("str r1,[sp,#8]", "0291"),
            ("strb r1,[r0],#1", "00f8011b"),
            ("str.w r8,[r0,#400]", "c0f89081"),
            ("strex r2,r1,[r0]", "40e80012"),
            ("stl r1,[r0]", "c0e8af1f"),
        ],
    ),
    (
        Class::LoadMultiple,
        4,
        &[
            ("ldm r0!,{r1,r2,r3,r4}", "1ec8"),
            ("ldm.w r8,{r1,r2,r3,r9}", "98e80e02"),
            ("ldmdb r0,{r1,r2,r3,r4}", "10e91e00"),
            ("pop {r4,r5,r6,r7}", "f0bc"),
            ("pop.w {r4,r5,r6,r8}", "bde87001"),
        ],
    ),
    (
        Class::LoadMultiple,
        2,
        &[
            ("ldrd r1,r2,[r0]", "d0e90012"),
            ("ldrd r1,r2,[r0],#8", "f0e80212"),
            ("ldrd r1,r2,[r0,#8]!", "f0e90212"),
        ],
    ),
    (
        Class::StoreMultiple,
        2,
        &[("strd r1,r2,[r0]", "c0e90012"), ("strd r1,r2,[r0],#8", "e0e80212"), ("push {r4,lr}", "10b5")],
    ),
    (
        Class::StoreMultiple,
        4,
        &[
            ("stm r0!,{r1,r2,r3,r4}", "1ec0"),
            ("push {r4,r5,r6,lr}", "70b5"),
            ("push.w {r4,r5,r8,lr}", "2de93041"),
            ("stmdb r0!,{r1,r2,r3,r9}", "20e90e02"),
        ],
    ),
    (
        Class::Alu,
        0,
        &[
            ("movs r0,#1", "0120"),
            ("mov r8,r0", "8046"),
            ("adds r0,r1,r2", "8818"),
            ("add r8,r1", "8844"),
            ("subs r0,#1", "0138"),
            ("cmp r0,r1", "8842"),
            ("lsls r0,r1,#3", "c800"),
            ("asrs r0,r1", "0841"),
            ("ands r0,r1", "0840"),
            ("mvns r0,r1", "c843"),
            ("adr r0,#8", "02a0"),
            ("add r0,sp,#8", "02a8"),
            ("add sp,#16", "04b0"),
            ("sxtb r0,r1", "48b2"),
            ("uxth r0,r1", "88b2"),
            ("rev r0,r1", "08ba"),
            ("add.w r8,r1,r2,lsl #2", "01eb8208"),
            ("mov.w r8,#0x100", "4ff48078"),
            ("movw r0,#0x1234", "41f23420"),
            ("movt r0,#0x1234", "c1f23420"),
            ("ssat r0,#8,r1", "01f30700"),
            ("usat r0,#8,r1", "81f30800"),
            ("sbfx r0,r1,#3,#4", "41f3c300"),
            ("bfi r0,r1,#3,#4", "61f3c600"),
            ("sxtb16 r0,r1,ror #8", "2ffa91f0"),
            ("sxtab r0,r1,r2", "41fa82f0"),
            ("pkhbt r0,r1,r2", "c1ea0200"),
            ("qadd r0,r1,r2", "82fa81f0"),
            ("sadd16 r0,r1,r2", "91fa02f0"),
            ("clz r0,r1", "b1fa81f0"),
            ("rbit r0,r1", "91faa1f0"),
            ("lsl.w r0,r1,r2", "01fa02f0"),
            ("usada8 r0,r1,r2,r3", "71fb0230"),
            ("csel r0,r1,r2,eq", "51ea0280"),
            ("addw r0,r1,#4095", "01f6ff70"),
        ],
    ),
    (Class::Multiply, 0, &[("muls r0,r1,r0", "4843"), ("mul r8,r1,r2", "01fb02f8")]),
    (Class::MultiplyAccumulate, 0, &[("mla r0,r1,r2,r3", "01fb0230"), ("mls r0,r1,r2,r3", "01fb1230")]),
    (
        Class::HalfMultiply,
        0,
        &[
            ("smulbb r0,r1,r2", "11fb02f0"),
            ("smlabt r0,r1,r2,r3", "11fb1230"),
            ("smlawb r0,r1,r2,r3", "31fb0230"),
            ("smulwt r0,r1,r2", "31fb12f0"),
            ("smlalbb r0,r1,r2,r3", "c2fb8301"),
        ],
    ),
    (
        Class::DualMac,
        0,
        &[
            ("smlad r0,r1,r2,r3", "21fb0230"),
            ("smladx r0,r1,r2,r3", "21fb1230"),
            ("smuad r0,r1,r2", "21fb02f0"),
            ("smlsd r0,r1,r2,r3", "41fb0230"),
            ("smusd r0,r1,r2", "41fb02f0"),
            ("smlald r0,r1,r2,r3", "c2fbc301"),
            ("smlsld r0,r1,r2,r3", "d2fbc301"),
        ],
    ),
    (
        Class::LongMultiply,
        0,
        &[
            ("smull r0,r1,r2,r3", "82fb0301"),
            ("umull r0,r1,r2,r3", "a2fb0301"),
            ("smlal r0,r1,r2,r3", "c2fb0301"),
            ("umlal r0,r1,r2,r3", "e2fb0301"),
            ("umaal r0,r1,r2,r3", "e2fb6301"),
        ],
    ),
    (
        Class::HighMultiply,
        0,
        &[
            ("smmul r0,r1,r2", "51fb02f0"),
            ("smmulr r0,r1,r2", "51fb12f0"),
            ("smmla r0,r1,r2,r3", "51fb0230"),
            ("smmls r0,r1,r2,r3", "61fb0230"),
        ],
    ),
    (Class::Divide, 0, &[("sdiv r0,r1,r2", "91fbf2f0"), ("udiv r0,r1,r2", "b1fbf2f0")]),
    (
        Class::BranchTaken,
        0,
        &[
            ("b #-8", "fce7"),
            ("b.w #-8", "fff7fcbf"),
            ("bne #-8", "fcd1"),
            ("bne.w #-800", "7ff470ae"),
            ("cbz r0,#8", "20b1"),
            ("cbnz r0,#8", "20b9"),
            ("bx r3", "1847"),
            ("tbb [pc,r0]", "dfe800f0"),
            ("tbh [pc,r0,lsl #1]", "dfe810f0"),
            ("mov pc,r3", "9f46"),
            ("ldr pc,[r0,r1,lsl #2]", "50f821f0"),
        ],
    ),
    (Class::Call, 0, &[("bl #8", "00f004f8"), ("blx r3", "9847")]),
    (Class::Return, 0, &[("bx lr", "7047"), ("ldr pc,[sp],#4", "5df804fb")]),
    (Class::Return, 3, &[("pop {r4,r5,pc}", "30bd"), ("pop.w {r4,r8,pc}", "bde81081")]),
    (Class::It, 0, &[("it eq", "08bf"), ("itt ne", "1cbf")]),
    (
        Class::Loop,
        0,
        &[
            ("dls lr,r0", "40f001e0"),
            ("wls lr,r0,#8", "40f005c0"),
            ("le lr,#-8", "0ff005c0"),
            ("letp lr,#-8", "1ff005c0"),
            ("dlstp.8 lr,r0", "00f001e0"),
            ("wlstp.32 lr,r0,#8", "20f005c0"),
            ("lctp", "0ff001e0"),
        ],
    ),
    (
        Class::VectorLoad,
        0,
        &[
            ("vldrb.u8 q0,[r0],#16", "b0ec101e"),
            ("vldrw.u32 q0,[r0,#16]", "90ed041f"),
            ("vldrb.s32 q0,[r0]", "90ed000f"),
            ("vldrh.s32 q0,[r0]", "98ed000f"),
            ("vldrb.u8 q0,[r0,q1]", "90fc020e"),
            ("vldrw.u32 q0,[r0,q1,uxtw #2]", "90fc430f"),
            ("vld20.8 {q0,q1},[r0]", "90fc001e"),
            ("vld43.32 {q0,q1,q2,q3},[r0]!", "b0fc611f"),
        ],
    ),
    (
        Class::VectorStore,
        0,
        &[
            ("vstrb.8 q0,[r0],#16", "a0ec101e"),
            ("vstrb.32 q0,[r0]", "80ed000f"),
            ("vstrw.32 q0,[r0,q1,uxtw #2]", "80ec430f"),
            ("vst21.8 {q0,q1},[r0]", "80fc201e"),
        ],
    ),
    (
        Class::VectorMac,
        0,
        &[
            ("vmladav.s8 r0,q0,q1", "f0ee020f"),
            ("vmladava.s8 r0,q0,q1", "f0ee220f"),
            ("vmladava.s16 r0,q0,q1", "f0ee220e"),
            ("vmladava.s32 r2,q3,q1", "f7ee222e"),
            ("vmlaldava.s16 r0,r1,q0,q1", "80ee220e"),
            ("vrmlaldavha.s32 r0,r1,q0,q1", "80ee220f"),
            ("vmla.s8 q0,q1,r0", "03ee400e"),
            ("vmlas.s16 q0,q1,r0", "13ee401e"),
            ("vqdmladh.s16 q0,q1,q2", "12ee040e"),
            ("vqrdmlah.s32 q0,q1,r3", "22ee430e"),
            ("vmlsdava.s16 r0,q0,q1", "f0ee230e"),
            ("vfma.f32 q0,q1,r2", "33ee420e"),
        ],
    ),
    (
        Class::Vector,
        0,
        &[
            ("vadd.i32 q0,q1,q2", "22ef4408"),
            ("vadd.i32 q0,q1,r2", "23ee420f"),
            ("vsub.i8 q0,q1,r2", "03ee421f"),
            ("vqrdmulh.s32 q0,q1,q2", "22ff440b"),
            ("vqrdmulh.s32 q0,q1,r2", "23fe620e"),
            ("vqdmulh.s16 q0,q1,r2", "13ee620e"),
            ("vmul.i32 q0,q1,q2", "22ef5409"),
            ("vmul.i32 q0,q1,r2", "23ee621e"),
            ("vmulh.s8 q0,q1,q2", "03ee050e"),
            ("vmullb.s8 q0,q1,q2", "03ee040e"),
            ("vrshl.s32 q0,q1,q2", "24ef4205"),
            ("vshl.i32 q0,q1,#3", "a3ef5205"),
            ("vshrnb.i16 q0,q1,#4", "8ceec30f"),
            ("vqmovnb.s32 q0,q1", "37ee030e"),
            ("vmovnb.i32 q0,q1", "35fe830e"),
            ("vmovlb.s8 q0,q1", "a8ee420f"),
            ("vmax.s32 q0,q1,q2", "22ef4406"),
            ("vmaxv.s8 r0,q1", "e2ee020f"),
            ("vminv.s8 r0,q1", "e2ee820f"),
            ("vaddv.s32 r0,q1", "f9ee020f"),
            ("vaddva.s8 r0,q1", "f1ee220f"),
            ("vaddlv.s32 r0,r1,q1", "89ee020f"),
            ("vabav.s8 r0,q1,q2", "82ee050f"),
            ("vdup.8 q0,r1", "e0ee101b"),
            ("vpst", "71fe4d0f"),
            ("vpt.i32 eq,q0,q1", "61fe020f"),
            ("vcmp.i32 eq,q0,q1", "21fe020f"),
            ("vpsel q0,q1,q2", "33fe050f"),
            ("vctp.8 r0", "00f001e8"),
            ("vmov q0[2],q0[0],r0,r1", "11ec000f"),
            ("vmov r0,r1,q0[2],q0[0]", "01ec000f"),
            ("vidup.u8 q0,r0,#1", "01ee6e0f"),
            ("vand q0,q1,q2", "02ef5401"),
            ("vmov.i32 q0,#0", "80ef5000"),
            ("vshlc q0,r0,#8", "a8eec00f"),
            ("vbrsr.8 q0,q1,r0", "03fe601e"),
            ("vhcadd.s8 q0,q1,q2,#90", "02ee040f"),
        ],
    ),
    (Class::FloatLoad, 1, &[("vldr s0,[r0]", "90ed000a")]),
    (Class::FloatLoad, 2, &[("vldr d0,[r0]", "90ed000b")]),
    (Class::FloatLoad, 4, &[("vldmia r0!,{s0-s3}", "b0ec040a"), ("vpop {d8,d9}", "bdec048b")]),
    (Class::FloatStore, 1, &[("vstr s0,[r0,#4]", "80ed010a")]),
    (Class::FloatStore, 4, &[("vpush {d8,d9}", "2ded048b")]),
    (
        Class::Float,
        0,
        &[
            ("vadd.f32 s0,s1,s2", "30ee810a"),
            ("vmul.f32 s0,s1,s2", "20ee810a"),
            ("vsub.f32 s0,s1,s2", "30eec10a"),
            ("vneg.f32 s0,s1", "b1ee600a"),
            ("vcvt.f32.s32 s0,s1", "b8eee00a"),
            ("vcmp.f32 s0,s1", "b4ee600a"),
            ("vmov s0,r0", "00ee100a"),
            ("vmov r0,s0", "10ee100a"),
            ("vmov d0,r0,r1", "41ec100b"),
            ("vmrs APSR_nzcv,fpscr", "f1ee10fa"),
            ("vmov.8 q0[1],r0", "40ee300b"),
            ("vmaxnm.f32 s0,s1,s2", "80fe810a"),
            ("vseleq.f32 s0,s1,s2", "00fe810a"),
        ],
    ),
    (
        Class::FloatMac,
        0,
        &[
            ("vmla.f32 s0,s1,s2", "00ee810a"),
            ("vfma.f32 s0,s1,s2", "a0ee810a"),
            ("vfnms.f32 s0,s1,s2", "90ee810a"),
            ("vnmls.f32 s0,s1,s2", "10ee810a"),
        ],
    ),
    (Class::FloatDivide, 0, &[("vdiv.f32 s0,s1,s2", "80ee810a"), ("vsqrt.f32 s0,s1", "b1eee00a")]),
    (
        Class::Other,
        0,
        &[
            ("nop", "00bf"),
            ("bkpt #0xab", "abbe"),
            ("svc #0", "00df"),
            ("dmb sy", "bff35f8f"),
            ("mrs r0,primask", "eff31080"),
            ("msr primask,r0", "80f31088"),
            ("cpsid i", "72b6"),
            ("udf #0", "00de"),
            ("wfi", "30bf"),
            ("sg", "7fe97fe9"),
        ],
    ),
];

const RISCV: &[Row<'_>] = &[
    (
        Class::Load,
        0,
        &[
            ("lw a0,64(a1)", "a841"),
            ("lb a0,1(a1)", "03851500"),
            ("lbu a0,1(a1)", "03c51500"),
            ("lh a0,2(a1)", "03952500"),
            ("c.lw a0,4(a1)", "c841"),
            ("c.lwsp a0,8(sp)", "2245"),
            ("lw s5,2000(s6)", "832a0b7d"),
        ],
    ),
    (
        Class::Store,
        0,
        &[
            ("sw a0,2000(a1)", "23a8a57c"),
            ("sb a0,1(a1)", "a380a500"),
            ("c.sw a0,4(a1)", "c8c1"),
            ("c.swsp a0,8(sp)", "2ac4"),
        ],
    ),
    (
        Class::Alu,
        0,
        &[
            ("addi a0,a1,100", "13854506"),
            ("add s0,s5,s7", "33847a01"),
            ("c.addi a0,1", "0505"),
            ("c.li a0,3", "0d45"),
            ("c.lui a0,3", "0d65"),
            ("c.mv a0,a1", "2e85"),
            ("c.add a0,a1", "2e95"),
            ("c.sub a0,a1", "0d8d"),
            ("c.slli a0,3", "0e05"),
            ("c.srai a0,3", "0d85"),
            ("c.addi4spn a0,sp,8", "2800"),
            ("c.addi16sp sp,32", "0561"),
            ("lui a0,1000", "37853e00"),
            ("auipc a0,1", "17150000"),
            ("sll s0,s5,s7", "33947a01"),
            ("slt a0,a1,a2", "33a5c500"),
        ],
    ),
    (Class::Multiply, 0, &[("mul a0,a1,a2", "3385c502")]),
    (
        Class::HighMultiply,
        0,
        &[("mulh a0,a1,a2", "3395c502"), ("mulhu a0,a1,a2", "33b5c502"), ("mulhsu a0,a1,a2", "33a5c502")],
    ),
    (Class::Divide, 0, &[("div a0,a1,a2", "33c5c502"), ("remu a0,a1,a2", "33f5c502")]),
    (
        Class::BranchTaken,
        0,
        &[
            ("beq a0,a1,-8", "e30cb5fe"),
            ("bltu s5,a1,8", "63e4ba00"),
            ("c.beqz a0,8", "01c5"),
            ("c.bnez a0,-8", "65fd"),
            ("c.j 8", "21a0"),
            ("jal zero,4096", "6f100000"),
            ("c.jr a5", "8287"),
            ("jalr zero,a5,16", "67800701"),
        ],
    ),
    (
        Class::Call,
        0,
        &[
            ("jal ra,4096", "ef100000"),
            ("c.jal 8", "2120"),
            ("jalr ra,a5,16", "e7800701"),
            ("c.jalr a5", "8297"),
        ],
    ),
    (Class::Return, 0, &[("c.jr ra", "8280"), ("jalr zero,ra,4", "67804000")]),
    (
        Class::Other,
        0,
        &[
            ("fence", "0f00f00f"),
            ("csrr a0,mcycle", "732500b0"),
            ("ebreak", "0290"),
            ("c.ebreak", "0290"),
            ("ecall", "73000000"),
        ],
    ),
];

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn check(encoding: Encoding, rows: &[Row<'_>]) {
    for (class, transfers, instructions) in rows {
        for (text, hex) in *instructions {
            let code = bytes(hex);
            let expected = Instruction { class: *class, bytes: code.len() as u8, transfers: *transfers };
            assert_eq!(encoding.decode(&code), Some(expected), "{text}");
            assert_eq!(encoding.decode(&code[..code.len() - 1]), None, "{text}, cut short");
        }
    }
}

#[test]
fn thumb_is_told_apart_by_class() {
    check(Encoding::Thumb, THUMB);
}

#[test]
fn riscv_is_told_apart_by_class() {
    check(Encoding::Riscv32, RISCV);
}

#[test]
fn every_word_has_a_class() {
    for encoding in [Encoding::Thumb, Encoding::Riscv32] {
        for first in 0..=u16::MAX {
            for second in [0, 0x0f00, 0x1e00, 0x8000, 0xe001, 0xf000, 0xffff] {
                let [a, b] = u16::to_le_bytes(first);
                let [c, d] = u16::to_le_bytes(second);
                let instruction = encoding.decode(&[a, b, c, d]).unwrap();
                assert!(
                    matches!(instruction.bytes, 2 | 4) && instruction.transfers <= 16
                        || instruction.class >= Class::FloatLoad
                );
            }
        }
    }
}
